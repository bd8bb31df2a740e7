package dev.tidemill.postgres;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Unique;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/unique.md, compiled and run; and a check that it is the same code. */
@ExtendWith(FreshSchema.class)
final class UniquePageTest {
    record Report(String month) {}

    record Index(int document, String text) {}

    private final TestDatabase database;

    UniquePageTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void ofManyThereIsOne() {
        List<String> indexed = new CopyOnWriteArrayList<>();
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(Index.class, (job, run) -> indexed.add(job.text()))
                .start()) {
            Enqueued first = mill.enqueueUnique(new Report("july"), EnqueueOptions.unique(Unique.key("july")));
            Enqueued second = mill.enqueueUnique(new Report("july"), EnqueueOptions.unique(Unique.key("july")));
            assertThat(second.created()).isFalse();
            assertThat(second.id()).isEqualTo(first.id());

            Unique quiet = Unique.key("index-42").debounce(ofMillis(200), ofSeconds(5));
            mill.enqueueUnique(new Index(42, "first"), EnqueueOptions.unique(quiet));
            Enqueued last = mill.enqueueUnique(new Index(42, "last"), EnqueueOptions.unique(quiet));
            assertThat(last.how()).isEqualTo(Enqueued.How.REPLACED);
            Jobs.in(mill, last.id(), JobState.SUCCEEDED);
            assertThat(indexed).containsExactly("last");
        }
    }

    @Test
    void everyLineOfThePageIsInThisTest() throws IOException {
        DocumentedCode.isIn(UniquePageTest.class, DocumentedCode.text("docs/unique.md"), 6);
    }
}
