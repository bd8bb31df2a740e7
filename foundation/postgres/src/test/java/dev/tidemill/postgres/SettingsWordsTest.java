package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms.OfKind;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Breakers and alarms of kinds, between what the code says and what people set at run time. */
@ExtendWith(FreshSchema.class)
final class SettingsWordsTest {
    private static final FailureAlarm STRICT = new FailureAlarm(0.1, 100, Duration.ofMinutes(5));
    private static final FailureAlarm LAX = new FailureAlarm(0.9, 1000, Duration.ofHours(1));

    private final TestDatabase database;

    SettingsWordsTest(TestDatabase database) {
        this.database = database;
    }

    @AfterEach
    void forget() throws SQLException {
        new Sql(database.dataSource(), database.schema())
                .run("truncate {schema}.breaker, {schema}.breaker_kind, {schema}.failure_alarm, {schema}.audit");
    }

    private Tidemill mill(Breaker breaker, FailureAlarm alarm) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .nodeName("mailer")
                .breaker(breaker)
                .handleJson(
                        "Mail",
                        (json, run) -> {},
                        options -> options.dependsOn("smtp").alarm(alarm))
                .start();
    }

    private static Breaker smtp(Tidemill mill) {
        return mill.breakers().list().stream()
                .map(BreakerView::breaker)
                .filter(breaker -> breaker.name().equals("smtp"))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> changes(Tidemill mill) {
        return mill.audit(Long.MAX_VALUE, 100).stream()
                .filter(line -> line.action().startsWith("put "))
                .map(SettingsWordsTest::told)
                .toList();
    }

    private static String told(AuditLine line) {
        return line.by() + ": " + line.action() + ", " + line.target() + ", " + line.detail();
    }

    @Test
    void whatWasSetAtRunTimeStaysUntilTheCodeSaysSomethingNew() {
        Breaker first = Breaker.of("smtp").failures(3);
        Breaker set = Breaker.of("smtp").failures(9).ratio(0.25, 50, Duration.ofMinutes(2));
        try (Tidemill mill = mill(first, STRICT)) {
            assertThat(smtp(mill)).isEqualTo(first);
            assertThat(mill.alarms().list("", 10)).containsExactly(new OfKind("Mail", STRICT));
            assertThat(changes(mill))
                    .as("what the code says where nothing held")
                    .isEmpty();
            mill.breakers().put(set, "ada");
            mill.alarms().put("Mail", LAX, "ada");
        }
        try (Tidemill again = mill(first, STRICT)) {
            assertThat(smtp(again)).as("the code says what it said").isEqualTo(set);
            assertThat(again.alarms().list("", 10)).containsExactly(new OfKind("Mail", LAX));
        }
        Breaker next = Breaker.of("smtp").failures(4);
        FailureAlarm other = new FailureAlarm(0.2, 100, Duration.ofMinutes(5));
        try (Tidemill newer = mill(next, other)) {
            assertThat(smtp(newer)).isEqualTo(next);
            assertThat(newer.alarms().list("", 10)).containsExactly(new OfKind("Mail", other));
            assertThat(changes(newer))
                    .containsExactlyInAnyOrder(
                            "ada: put breaker, BREAKER smtp, 9 failures in a row or 0.25 of at least 50 calls within"
                                    + " PT2M, open for PT10S to PT5M",
                            "ada: put alarm, KIND Mail, 0.9 of at least 1000 attempts within PT1H",
                            "mailer: put breaker, BREAKER smtp, 4 failures in a row, open for PT10S to PT5M",
                            "mailer: put alarm, KIND Mail, 0.2 of at least 100 attempts within PT5M");
        }
    }

    @Test
    void settingsChangeAndWhetherABreakerIsOpenStays() {
        try (Tidemill mill = mill(Breaker.of("smtp"), STRICT)) {
            mill.breakers().open("smtp", "ada");
            mill.breakers().put(Breaker.of("smtp").failures(1), "ada");
            BreakerView view = mill.breakers().list().getFirst();
            assertThat(view.breaker().failures()).isEqualTo(1);
            assertThat(view.state()).isEqualTo(BreakerView.State.OPEN);
            assertThat(view.byHand()).isTrue();
            assertThat(view.kinds()).containsExactly("Mail");
        }
    }

    @Test
    void thereAreNotMoreBreakersThanAreListed() throws Exception {
        try (Tidemill mill = mill(Breaker.of("smtp"), STRICT)) {
            new Sql(database.dataSource(), database.schema())
                    .run(
                            "insert into {schema}.breaker (name, failures, at_least, span, open_for, longest, since)"
                                    + " select 'x' || n, 5, 20, 60000000, 10000000, 300000000, 1 from generate_series(1, 999) n");
            assertThatThrownBy(() -> mill.breakers().put(Breaker.of("beyond"), "ada"))
                    .isInstanceOf(TidemillException.class)
                    .hasMessageContaining("1000 breakers already");
            assertThat(mill.breakers().list())
                    .hasSize(1000)
                    .noneMatch(view -> view.breaker().name().equals("beyond"));
            mill.breakers().put(Breaker.of("smtp").failures(2), "ada");
            assertThat(smtp(mill).failures()).isEqualTo(2);

            assertThatThrownBy(() -> mill.remote().dependOn(Map.of("Mail", Set.of("beyond", "x1")), List.of()))
                    .isInstanceOf(TidemillException.class)
                    .hasMessageContaining("1000 breakers already");
            assertThat(mill.breakers().list())
                    .filteredOn(view -> !view.kinds().isEmpty())
                    .extracting(view -> view.breaker().name())
                    .as("nothing was changed")
                    .containsExactly("smtp");
            mill.remote().dependOn(Map.of("Mail", Set.of("x1", "x2")), List.of());
            assertThatThrownBy(() -> mill(Breaker.of("beyond"), STRICT))
                    .isInstanceOf(TidemillException.class)
                    .hasMessageContaining("1000 breakers already");
            mill(Breaker.of("smtp"), STRICT).close();
        }
    }

    @Test
    void alarmsAreListedByThePage() {
        try (Tidemill mill = mill(Breaker.of("smtp"), STRICT)) {
            for (String kind : List.of("Audit", "Bill", "Ship")) {
                mill.alarms().put(kind, LAX, "ada");
            }
            List<OfKind> page = mill.alarms().list("", 2);
            assertThat(page).extracting(OfKind::kind).containsExactly("Audit", "Bill");
            assertThat(mill.alarms().list(page.getLast().kind(), 10))
                    .extracting(OfKind::kind)
                    .containsExactly("Mail", "Ship");
            assertThatThrownBy(() -> mill.alarms().list("", 1001)).hasMessageContaining("1 to 1000");
            assertThatThrownBy(() -> mill.alarms().put("no kind", LAX, "ada")).hasMessageContaining("is not a kind");
        }
    }
}
