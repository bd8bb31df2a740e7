package dev.tidemill.jobs;

import com.cronutils.model.Cron;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinition;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The instants that a cron expression means in a time zone. Immutable and thread safe.
 *
 * <p>The library answers for local times alone, in which no clock ever changes; what a change of clocks does is decided
 * here. Between two changes an offset is constant, so local times map one to one; at a change there are two cases. A
 * gap: what falls into it fires once, at the instant the gap ends, because a nightly job must not be left out. An
 * overlap: local times come twice, and fire the first time only, because a nightly job must not run twice; unless the
 * expression runs in every hour, which makes it a rhythm that must not pause for an hour. So times only ever grow, and
 * no instant comes twice. The library's own answers around a change were not used, because they follow neither rule
 * throughout.
 */
final class CronTimes {
    private static final List<String> FIELDS =
            List.of("second", "minute", "hour", "day of month", "month", "day of week");
    private static final CronParser FIVE = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    private static final CronParser SIX = new CronParser(withSeconds());
    private static final int MAX_CHARS = 200;
    private static final int HOURS = 24;
    /** More changes of clocks than any zone has between two leap days. */
    private static final int MAX_SPANS = 200;

    private final ExecutionTime local;
    private final boolean everyHour;
    private final ZoneRules rules;

    private CronTimes(ExecutionTime local, boolean everyHour, ZoneRules rules) {
        this.local = local;
        this.everyHour = everyHour;
        this.rules = rules;
    }

    private static CronDefinition withSeconds() {
        return CronDefinitionBuilder.defineCron()
                .withSeconds()
                .and()
                .withMinutes()
                .and()
                .withHours()
                .and()
                .withDayOfMonth()
                .and()
                .withMonth()
                .and()
                .withDayOfWeek()
                .withValidRange(0, 7)
                .withMondayDoWValue(1)
                .withIntMapping(7, 0)
                .and()
                .instance();
    }

    static CronTimes of(String expression, ZoneId zone) {
        String[] fields = fields(expression);
        ExecutionTime local = ExecutionTime.forCron(parse(expression, fields));
        LocalDateTime start = LocalDateTime.of(2000, 1, 1, 0, 0);
        if (local.nextExecution(start.atZone(ZoneOffset.UTC)).isEmpty()) {
            throw refused("The cron expression '" + expression
                    + "' never fires: no year has such a day. Check day of month and month.");
        }
        return new CronTimes(local, runsEveryHour(fields[fields.length - 4]), zone.getRules());
    }

    private static String[] fields(String expression) {
        if (expression.length() > MAX_CHARS) {
            throw refused(
                    "The cron expression has " + expression.length() + " characters; it may have " + MAX_CHARS + ".");
        }
        String[] fields = expression.strip().split("\\s+");
        if (fields.length != 5 && fields.length != 6) {
            throw refused("The cron expression '" + expression + "' has "
                    + (expression.isBlank() ? 0 : fields.length)
                    + " fields; it needs five (minute, hour, day of month, month, day of week), or six with seconds"
                    + " first.");
        }
        return fields;
    }

    private static Cron parse(String expression, String[] fields) {
        CronParser parser = fields.length == 5 ? FIVE : SIX;
        for (int i = 0; i < fields.length; i++) {
            String[] alone = new String[fields.length];
            Arrays.fill(alone, "*");
            alone[i] = fields[i];
            try {
                parser.parse(String.join(" ", alone)).validate();
            } catch (IllegalArgumentException wrong) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "The " + FIELDS.get(i + 6 - fields.length) + " field '" + fields[i]
                                + "' of the cron expression '" + expression + "' is not valid: "
                                + String.valueOf(wrong.getMessage()).replace("Failed to parse cron expression. ", ""),
                        wrong);
            }
        }
        return parser.parse(String.join(" ", fields)).validate();
    }

    private static TidemillException refused(String message) {
        return new TidemillException(ErrorCode.INVALID_OPTION, message);
    }

    /** Found out by asking, because it can be written in several ways. */
    private static boolean runsEveryHour(String field) {
        ExecutionTime hours = ExecutionTime.forCron(FIVE.parse("0 " + field + " * * *"));
        ZonedDateTime at = ZonedDateTime.of(2000, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);
        for (int hour = 1; hour <= HOURS; hour++) {
            Optional<ZonedDateTime> next = hours.nextExecution(at);
            if (next.isEmpty() || !next.get().equals(at.plusHours(1))) {
                return false;
            }
            at = next.get();
        }
        return true;
    }

    /** The first fire after this. */
    Optional<Instant> next(Instant after) {
        Instant at = after.truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
        for (int span = 0; span < MAX_SPANS; span++) {
            ZoneOffsetTransition begin = rules.previousTransition(at.plusNanos(1));
            if (begin != null && begin.getInstant().equals(at) && fallsInto(begin)) {
                return Optional.of(at);
            }
            ZoneOffset offset = rules.getOffset(at);
            LocalDateTime low = LocalDateTime.ofInstant(at, offset);
            if (begin != null && comesTwice(begin) && low.isBefore(begin.getDateTimeBefore())) {
                low = begin.getDateTimeBefore();
            }
            Optional<LocalDateTime> match = atOrAfter(low);
            if (match.isEmpty()) {
                return Optional.empty();
            }
            Instant found = match.get().toInstant(offset);
            ZoneOffsetTransition end = rules.nextTransition(at);
            if (end == null || found.isBefore(end.getInstant())) {
                return Optional.of(found);
            }
            at = end.getInstant();
        }
        return Optional.empty();
    }

    /** The last fire at or before this. */
    Optional<Instant> previous(Instant until) {
        Instant at = until.truncatedTo(ChronoUnit.SECONDS);
        for (int span = 0; span < MAX_SPANS; span++) {
            ZoneOffset offset = rules.getOffset(at);
            @Nullable ZoneOffsetTransition begin = rules.previousTransition(at.plusNanos(1));
            Optional<LocalDateTime> match = atOrBefore(LocalDateTime.ofInstant(at, offset));
            if (match.isPresent() && (begin == null || !match.get().isBefore(lowest(begin)))) {
                return Optional.of(match.get().toInstant(offset));
            }
            if (begin == null) {
                return Optional.empty();
            }
            if (fallsInto(begin)) {
                return Optional.of(begin.getInstant());
            }
            at = begin.getInstant().minusSeconds(1);
        }
        return Optional.empty();
    }

    private LocalDateTime lowest(ZoneOffsetTransition begin) {
        return comesTwice(begin) ? begin.getDateTimeBefore() : begin.getDateTimeAfter();
    }

    private boolean comesTwice(ZoneOffsetTransition change) {
        return change.isOverlap() && !everyHour;
    }

    private boolean fallsInto(ZoneOffsetTransition change) {
        return change.isGap()
                && atOrAfter(change.getDateTimeBefore())
                        .filter(match -> match.isBefore(change.getDateTimeAfter()))
                        .isPresent();
    }

    private Optional<LocalDateTime> atOrAfter(LocalDateTime time) {
        return local.nextExecution(time.minusSeconds(1).atZone(ZoneOffset.UTC)).map(ZonedDateTime::toLocalDateTime);
    }

    private Optional<LocalDateTime> atOrBefore(LocalDateTime time) {
        return local.lastExecution(time.plusSeconds(1).atZone(ZoneOffset.UTC)).map(ZonedDateTime::toLocalDateTime);
    }
}
