package dev.tidemill.postgres;

import static java.time.Duration.ofDays;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JobState;
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
