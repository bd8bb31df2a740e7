package dev.tidemill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.TimeZone;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.testkit.engine.EngineTestKit;

@ExtendWith(FreshSchema.class)
class FreshSchemaTest {
    private final TestDatabase ofTheClass;

    FreshSchemaTest(TestDatabase ofTheClass) {
        this.ofTheClass = ofTheClass;
    }

    private static String ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static boolean exists(TestDatabase database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            String count =
                    ask(connection, "SELECT count(*) FROM pg_namespace WHERE nspname = '" + database.schema() + "'");
            return !count.equals("0");
        }
    }

    @Test
    void aClassHasOneDatabaseInItsConstructorAndItsTests(TestDatabase parameter) {
        assertThat(parameter).isSameAs(ofTheClass);
    }

    @Nested
    class InANestedClass {
        @Test
        void itIsTheOuterOnes(TestDatabase parameter) {
            assertThat(parameter).isSameAs(ofTheClass);
        }
    }

    @Test
    void theSchemaIsReservedAndNotCreated(TestDatabase database) throws SQLException {
        assertThat(database.schema()).matches("t_freshschematest_[a-z0-9]+").hasSizeLessThan(63);
        assertThat(exists(database)).isFalse();
    }

    @Test
    void aLongNameOfATestClassStillMakesAName() {
        assertThat(FreshSchema.nameFor(ATestClassWhoseNameIsSoLongThatPostgresWouldCutItOffSomewhereInTheMiddle.class))
                .hasSizeLessThan(63);
    }

    private static final class ATestClassWhoseNameIsSoLongThatPostgresWouldCutItOffSomewhereInTheMiddle {}

    @Test
    void aSessionLeftAtWorkDoesNotKeepTheSchema() throws SQLException {
        TestDatabase left = new TestDatabase(TestServer.shared(), FreshSchema.nameFor(FreshSchemaTest.class));
        try (Connection connection = left.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA " + left.schema());
            statement.execute("CREATE TABLE " + left.schema() + ".held (id bigint)");
            connection.setAutoCommit(false);
            statement.execute("SELECT FROM " + left.schema() + ".held");

            new FreshSchema.Reserved(left).close();

            assertThat(exists(left)).isFalse();
            assertThatThrownBy(() -> statement.execute("SELECT 1")).isInstanceOf(SQLException.class);
        }
    }

    @Test
    void sessionsAreInATimeZoneUnlikeTheJvms(TestDatabase database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            String there = ask(connection, "SHOW TimeZone");

            assertThat(there).isEqualTo("America/St_Johns");
            assertThat(TimeZone.getTimeZone(there).getRawOffset())
                    .isNotEqualTo(TimeZone.getDefault().getRawOffset());
        }
    }

    @Test
    void theAddressUserAndPasswordOpenASessionToo(TestDatabase database) throws SQLException {
        try (Connection connection =
                DriverManager.getConnection(database.jdbcUrl(), database.user(), database.password())) {
            assertThat(ask(connection, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void theSchemaIsDroppedWithAllItHoldsAfterTheClass() throws SQLException {
        EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(CreatesItsSchema.class))
                .execute()
                .testEvents()
                .assertStatistics(events -> events.succeeded(1));

        TestDatabase used = CreatesItsSchema.USED.get();
        assertThat(used.schema()).isNotEqualTo(ofTheClass.schema());
        assertThat(exists(used)).isFalse();
    }

    /** Run by the test above, not by itself. */
    @ExtendWith(FreshSchema.class)
    static class CreatesItsSchema {
        static final AtomicReference<TestDatabase> USED = new AtomicReference<>();

        @Test
        void createsIt(TestDatabase database) throws SQLException {
            try (Connection connection = database.dataSource().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE SCHEMA " + database.schema());
                statement.execute("CREATE TABLE " + database.schema() + ".job AS SELECT 1 AS id");
            }
            assertThat(exists(database)).isTrue();
            USED.set(database);
        }
    }

    @Test
    void aServerGivenByItsAddressIsNotOursToKill() {
        TestServer given = TestServer.given("jdbc:postgresql://db.example:6432/shop?user=ann&password=secret");

        assertThat(given.jdbcUrl()).isEqualTo("jdbc:postgresql://db.example:6432/shop");
        assertThat(given.user()).isEqualTo("ann");
        assertThat(given.password()).isEqualTo("secret");
        assertThat(given.isEmbedded()).isFalse();
        assertThatThrownBy(given::embedded)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("db.example:6432");
    }

    @Test
    void anAddressOfSomethingElseIsRefused() {
        assertThatThrownBy(() -> TestServer.given("mysql://db.example"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tidemill.test.url")
                .hasMessageContaining("jdbc:postgresql://");
    }
}
