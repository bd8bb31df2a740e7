package dev.tidemill.postgres;

import static java.time.Duration.ofDays;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/operate/retention.md, compiled and run. */
@ExtendWith(FreshSchema.class)
final class RetentionPageTest {
    record Invoice(int number) {}

    record Audit(String text) {}

    private final TestDatabase database;
    private final Sql sql;
    private final List<Object> seen = new CopyOnWriteArrayList<>();

    RetentionPageTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    private void print(Invoice invoice) {
        seen.add(invoice);
    }

    private void file(Audit audit) {
        seen.add(audit);
    }

    @Test
    void whatAProcessAsksForIsStoredForAll() throws Exception {
        DataSource dataSource = database.dataSource();
        String schema = database.schema();
        Tidemill mill = Tidemill.on(dataSource)
                .schema(schema)
                .history(ofDays(30))
                .handle(Invoice.class, (invoice, run) -> print(invoice), options -> options.keep(100, 50))
                .handle(Audit.class, (audit, run) -> file(audit), options -> options.keepFor(ofDays(365)))
                .start();
        try (mill) {
            Jobs.in(mill, mill.enqueue(new Invoice(1)), JobState.SUCCEEDED);
        }
        Tidemill.on(dataSource).schema(schema).start().close();
        assertThat(sql.number("select value / 86400000000 from {schema}.history_setting where name = 'age'"))
                .isEqualTo(30);
        assertThat(sql.number("select completed * 1000 + failed from {schema}.keep_rule r"
                        + " join {schema}.kind k on k.id = r.kind where k.name = 'Invoice'"))
                .isEqualTo(100_050);
        assertThat(sql.number("select age / 86400000000 from {schema}.keep_rule r"
                        + " join {schema}.kind k on k.id = r.kind where k.name = 'Audit'"))
                .isEqualTo(365);
    }

    private Tidemill starts(Duration history, int completed) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .nodeName("shop-1")
                .history(history)
                .handle(Invoice.class, (invoice, run) -> print(invoice), options -> options.keep(completed, 50))
                .start();
    }

    private List<String> lines(Tidemill mill) {
        return mill.audit(Long.MAX_VALUE, 50, "keep", null).stream()
                .filter(line -> line.by().equals("shop-1") || line.by().equals("ann"))
                .map(line -> line.by() + ": " + line.target() + ", " + line.detail())
                .toList();
    }

    @Test
    void whatWasSetAtRunTimeStaysUntilTheCodeSaysSomethingNew() {
        Keep byHand = new Keep(7, 7, Duration.ZERO);
        try (Tidemill mill = starts(ofDays(40), 10)) {
            assertThat(lines(mill))
                    .containsExactlyInAnyOrder(
                            "shop-1: history, PT960H", "shop-1: kind Invoice, the last 10 completed and 50 failed");
            mill.retention().keep(ofDays(3), "ann");
            mill.retention().keep("Invoice", byHand, "ann");
        }
        try (Tidemill mill = starts(ofDays(40), 10)) {
            assertThat(mill.retention().view().age()).isEqualTo(ofDays(3));
            assertThat(mill.retention().view().kinds()).containsEntry("Invoice", byHand);
            assertThat(lines(mill)).hasSize(4);
        }
        try (Tidemill mill = starts(ofDays(41), 11)) {
            assertThat(mill.retention().view().age()).isEqualTo(ofDays(41));
            assertThat(mill.retention().view().kinds()).containsEntry("Invoice", new Keep(11, 50, Duration.ZERO));
            assertThat(lines(mill)).hasSize(6).first().asString().startsWith("shop-1: ");
        }
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        HandlerOptions options = HandlerOptions.STANDARD;
        assertThatThrownBy(() -> options.keep(-1, 0)).isInstanceOf(TidemillException.class);
        assertThatThrownBy(() -> options.keep(0, 10_001)).isInstanceOf(TidemillException.class);
        assertThatThrownBy(() -> options.keepFor(Duration.ofDays(-1))).isInstanceOf(TidemillException.class);
        assertThatThrownBy(() -> Tidemill.on(database.dataSource()).history(Duration.ofMinutes(1)))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("1 hour");
    }

    @Test
    void thePageShowsThisCode() throws IOException {
        DocumentedCode.isIn(RetentionPageTest.class, DocumentedCode.text("docs/operate/retention.md"), 5);
    }
}
