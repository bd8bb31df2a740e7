package dev.tidemill.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Random expressions around every change of clocks, against a clock that is walked minute by minute. */
final class CronTimesTest {
    private static final List<String> ZONES = List.of(
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Antarctica/Troll",
            "America/Sao_Paulo",
            "Africa/Casablanca",
            "Pacific/Apia",
            "Asia/Kathmandu",
            "UTC");

    /** A field as text and as the values that it means. */
    private record Field(String text, BitSet values) {
        static Field random(Random random, int low, int high) {
            BitSet values = new BitSet();
            int kind = random.nextInt(4);
            if (kind == 0) {
                values.set(low, high + 1);
                return new Field("*", values);
            }
            if (kind == 1) {
                int step = 2 + random.nextInt(high - low - 1);
                for (int value = low; value <= high; value += step) {
                    values.set(value);
                }
                return new Field("*/" + step, values);
            }
            if (kind == 2) {
                int from = low + random.nextInt(high - low);
                int to = from + 1 + random.nextInt(high - from);
                values.set(from, to + 1);
                return new Field(from + "-" + to, values);
            }
            List<String> texts = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(3); i++) {
                int value = low + random.nextInt(high - low + 1);
                values.set(value);
                texts.add(Integer.toString(value));
            }
            return new Field(String.join(",", texts), values);
        }
    }

    private record Expression(Field minute, Field hour, Field day, Field month, Field weekday) {
        static Expression random(Random random) {
            Field all = new Field("*", allUpTo(31));
            return new Expression(
                    Field.random(random, 0, 59),
                    Field.random(random, 0, 23),
                    random.nextInt(3) == 0 ? Field.random(random, 1, 31) : all,
                    random.nextInt(4) == 0 ? Field.random(random, 1, 12) : all,
                    random.nextInt(3) == 0 ? Field.random(random, 0, 6) : all);
        }

        private static BitSet allUpTo(int high) {
            BitSet values = new BitSet();
            values.set(0, high + 1);
            return values;
        }

        boolean matches(LocalDateTime time) {
            boolean day = this.day.values.get(time.getDayOfMonth());
            boolean weekday = this.weekday.values.get(time.getDayOfWeek().getValue() % 7);
            boolean either = !this.day.text.equals("*") && !this.weekday.text.equals("*");
            return minute.values.get(time.getMinute())
                    && hour.values.get(time.getHour())
                    && month.values.get(time.getMonthValue())
                    && (either ? day || weekday : day && weekday);
        }

        boolean everyHour() {
            return hour.values.cardinality() == 24;
        }

        @Override
        public String toString() {
            return String.join(" ", minute.text, hour.text, day.text, month.text, weekday.text);
        }
    }

    /** The fires in a window by the rule as it is documented, and by nothing else. */
    private static NavigableSet<Instant> walk(Expression expression, ZoneRules rules, Instant from, Instant to) {
        NavigableSet<Instant> fires = new TreeSet<>();
        for (Instant at = from; at.isBefore(to); at = at.plusSeconds(60)) {
            LocalDateTime time = LocalDateTime.ofInstant(at, rules.getOffset(at));
            boolean second = rules.getValidOffsets(time).size() == 2
                    && rules.getValidOffsets(time).get(1).equals(rules.getOffset(at));
            if (expression.matches(time) && (!second || expression.everyHour())) {
                fires.add(at);
            }
            ZoneOffsetTransition change = rules.previousTransition(at.plusNanos(1));
            if (change != null && change.getInstant().equals(at) && change.isGap()) {
                for (LocalDateTime left = change.getDateTimeBefore();
                        left.isBefore(change.getDateTimeAfter());
                        left = left.plusMinutes(1)) {
                    if (expression.matches(left)) {
                        fires.add(at);
                    }
                }
            }
        }
        return fires;
    }

    @Test
    void aroundEveryChangeOfClocksFiresAreThoseOfTheRuleInOrderAndOnce() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (String zone : ZONES) {
            ZoneRules rules = ZoneId.of(zone).getRules();
            Instant at = Instant.parse("2011-06-01T00:00:00Z");
            for (int round = 0; round < 6; round++) {
                Expression expression = Expression.random(random);
                ZoneOffsetTransition change = rules.nextTransition(at);
                at = change == null ? at.plus(Duration.ofDays(97)) : change.getInstant();
                Instant from = at.minus(Duration.ofHours(30));
                Instant to = at.plus(Duration.ofHours(30));
                NavigableSet<Instant> expected = walk(expression, rules, from, to);
                CronTimes times = CronTimes.of(expression.toString(), ZoneId.of(zone));
                assertThat(forward(times, from, to))
                        .as("%s in %s from %s, seed %d", expression, zone, from, seed)
                        .containsExactlyElementsOf(expected);
                assertThat(backward(times, from, to))
                        .as("%s in %s back from %s, seed %d", expression, zone, to, seed)
                        .containsExactlyElementsOf(expected.descendingSet());
            }
        }
    }

    private static List<Instant> forward(CronTimes times, Instant from, Instant to) {
        List<Instant> found = new ArrayList<>();
        for (Optional<Instant> next = times.next(from.minusNanos(1));
                next.isPresent() && next.get().isBefore(to);
                next = times.next(next.get())) {
            found.add(next.get());
        }
        return found;
    }

    private static List<Instant> backward(CronTimes times, Instant from, Instant to) {
        List<Instant> found = new ArrayList<>();
        for (Optional<Instant> last = times.previous(to.minusNanos(1));
                last.isPresent() && !last.get().isBefore(from);
                last = times.previous(last.get().minusNanos(1))) {
            found.add(last.get());
        }
        return found;
    }
}
