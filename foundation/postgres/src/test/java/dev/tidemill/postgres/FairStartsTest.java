package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What finding a key's turn reads. */
@ExtendWith(FreshSchema.class)
final class FairStartsTest {
    private static final int OTHERS = 300;

    private final TestDatabase database;
    private final Sql sql;
    private StoreHand hand;

    FairStartsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void openStore() {
        hand = new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true));
        hand.store().control().share(hand.queue(), true, "tester");
    }

    @AfterEach
    void closeStore() {
        hand.close();
    }

    /** How many rows of a table a key that is new reads through its indexes to find its turn. */
    private long reads(String table) throws SQLException {
        String read =
                "select idx_tup_fetch from pg_stat_xact_user_tables where relid = '{schema}." + table + "'::regclass";
        try (Connection connection = sql.begin()) {
            long before = sql.number(connection, read);
            assertThat(sql.number(
                            connection,
                            "select cardinality({schema}.fair_starts(array[(select id from {schema}.queue where name = '"
                                    + hand.queue() + "')], array[2::smallint], array[{schema}.key_number('new')],"
                                    + " array[{schema}.now_micros()]))"))
                    .isEqualTo(1);
            return sql.number(connection, read) - before;
        }
    }

    @Test
    void itDoesNotReadWhatOthersHaveWaiting() throws SQLException {
        hand.add(OTHERS, hand.keyed(hand.job(), "other"));
        assertThat(reads("ready")).isLessThan(20);
    }

    @Test
    void itDoesNotReadWhatOthersHaveSetAside() throws SQLException {
        hand.store()
                .control()
                .putLimit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey(), "tester");
        hand.add(OTHERS, hand.keyed(hand.job(), "other"));
        Workplace place = hand.join();
        for (int i = 0; i < 100 && sql.number("select count(*) from {schema}.ready") > 0; i++) {
            hand.claim(place, 500);
        }
        assertThat(sql.number("select count(*) from {schema}.parked")).isEqualTo(OTHERS - 1);
        assertThat(reads("parked")).isLessThan(20);
    }
}
