package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Changes of transactions that take long to commit. */
@ExtendWith(FreshSchema.class)
class LateCommitTest {
    private static final int ROW = 1_000_000;

    private final TestDatabase database;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicBoolean ended = new AtomicBoolean();
    private Site site;
    private Rules rules;

    LateCommitTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
    }

    @AfterEach
    void close() throws Exception {
        ended.set(true);
        threads.close();
        site.close();
    }

    @Test
    void aTransactionThatCommitsLateIsNotPassedOver() throws Exception {
        site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        try (Connection late = site.begin()) {
            site.run(late, "insert into {s}.sub values (1, 1, 'late', 'x')");
            for (int i = 2; i < 12; i++) {
                site.insert(i, i);
                site.drained();
            }
            late.commit();
        }
        site.drained();
        assertThat(site.noted()).hasSize(11).endsWith("1:seen");
    }

    /** A writer waits for a row that another has changed, and commits a moment after it, while others write all the time. */
    @Test
    void whatFollowedALateCommitIsNotTakenBeforeIt() throws Exception {
        site.subs(rules).react("note", (change, run) -> {
            if (change.key().equals(Integer.toString(ROW))) {
                site.note(run, change.key(), change.row().status());
            }
        });
        rules.start();
        site.insert(ROW, ROW);
        Future<Integer> traffic = threads.submit(this::write);
        for (int i = 0; i < 40; i++) {
            String second = "b" + i;
            Future<Void> waiting;
            try (Connection first = site.begin()) {
                site.run(first, "update {s}.sub set status = 'a" + i + "' where id = " + ROW);
                waiting = threads.submit(update(second));
                Site.soon().until(this::aWriterWaits);
                pumped();
                first.commit();
            }
            waiting.get();
            Site.soon().until(() -> noted().contains(second));
            pumped();
            assertThat(noted().getLast())
                    .as("what is true at last is told at last")
                    .isEqualTo(second);
        }
        ended.set(true);
        assertThat(traffic.get()).isPositive();
    }

    /** What a job could not do is given back while others write all the time, and the key has been written since. */
    @Test
    void whatWasGivenBackIsTakenBeforeWhatCameMeanwhile() throws Exception {
        AtomicBoolean well = new AtomicBoolean();
        Rule rule = site.subs(rules).attempts(1).react("note", (change, run) -> {
            if (change.key().equals(Integer.toString(ROW))) {
                if (!well.get()) {
                    throw new IllegalStateException("not yet");
                }
                site.note(run, change.key(), change.row().status());
            }
        });
        rules.start();
        Future<Integer> traffic = threads.submit(this::write);
        site.insert(ROW, ROW);
        Site.soon().until(() -> rule.status().parked() == 1);
        for (int i = 0; i < 10; i++) {
            well.set(false);
            site.run("update {s}.sub set status = 'a" + i + "' where id = " + ROW);
            int failed = i + 1;
            Site.soon().until(() -> site.number("select count(*) from {s}.dead_letter where not discarded") == failed);
            pumped();
            well.set(true);
            String last = "b" + i;
            try (Connection late = site.begin()) {
                site.run(late, "update {s}.sub set status = '" + last + "' where id = " + ROW);
                assertThat(rule.release(Integer.toString(ROW))).isTrue();
                late.commit();
            }
            Site.soon().until(() -> noted().contains(last));
            pumped();
            assertThat(noted().getLast()).isEqualTo(last);
        }
        ended.set(true);
        assertThat(traffic.get()).isPositive();
    }

    private Callable<Void> update(String status) {
        return () -> {
            site.run("update {s}.sub set status = '" + status + "' where id = " + ROW);
            return null;
        };
    }

    private boolean aWriterWaits() throws Exception {
        return site.number("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like"
                        + " 'update %{s}.sub set status%'")
                == 1;
    }

    private int write() throws Exception {
        int written = 0;
        try (Connection connection = database.dataSource().getConnection()) {
            while (!ended.get()) {
                written++;
                site.run(connection, "insert into {s}.sub values (" + written + ", " + written + ", 'new', 'x')");
            }
        }
        return written;
    }

    /** Until what was written up to now by the traffic, for a while, is through. */
    private void pumped() throws Exception {
        for (int i = 0; i < 3; i++) {
            long last = site.number("select last_value from {s}.rule_change_id");
            Site.soon()
                    .pollInterval(Duration.ofMillis(2))
                    .until(() ->
                            site.number("select coalesce(min(id), " + (last + 1) + ") from {s}.rule_change") > last);
        }
    }

    private List<String> noted() throws Exception {
        List<String> all = new ArrayList<>();
        for (String note : site.noted()) {
            all.add(note.substring(note.indexOf(':') + 1));
        }
        return all;
    }
}
