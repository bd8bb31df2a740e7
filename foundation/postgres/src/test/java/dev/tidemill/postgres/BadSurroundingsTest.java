package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.delay;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import javax.sql.DataSource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** Databases that cannot be worked on, and options that make no sense: one clear error each, and nothing written. */
@ExtendWith(FreshSchema.class)
final class BadSurroundingsTest {
    private final TestDatabase database;
    private final Sql sql;

    BadSurroundingsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    private static TidemillException refused(ErrorCode code, ThrowingCallable call) {
        TidemillException[] caught = new TidemillException[1];
        assertThatThrownBy(call).isInstanceOfSatisfying(TidemillException.class, failed -> {
            assertThat(failed.code()).isEqualTo(code);
            caught[0] = failed;
        });
        return caught[0];
    }

    private PGSimpleDataSource plain() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(database.jdbcUrl());
        source.setUser(database.user());
        source.setPassword(database.password());
        return source;
    }

    private boolean schemaExists(String name) throws SQLException {
        return sql.number("select count(*) from pg_namespace where nspname = '" + name + "'") == 1;
    }

    @Test
    void aDatabaseThatDoesNotAnswer() throws Exception {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl("jdbc:postgresql://127.0.0.1:" + free + "/x?password=secret");
        TidemillException failed = refused(
                ErrorCode.DATABASE_UNREACHABLE,
                () -> Tidemill.on(source).handleJson("k", (json, run) -> {}).start());
        assertThat(failed).hasMessageContaining("Check").hasMessageNotContaining("secret");
    }

    /** The server, but that it gives itself out for an old one: statements that ask for its version are rewritten. */
    private static DataSource old(DataSource real) {
        return through(
                DataSource.class,
                real,
                (name, result) -> result instanceof Connection connection
                        ? through(
                                Connection.class,
                                connection,
                                (inner, statement) -> statement instanceof Statement each ? lying(each) : statement)
                        : result);
    }

    private static Statement lying(Statement real) {
        return (Statement) Proxy.newProxyInstance(
                BadSurroundingsTest.class.getClassLoader(),
                new Class<?>[] {Statement.class},
                (proxy, method, args) ->
                        method.getName().equals("executeQuery") && ((String) args[0]).contains("server_version_num")
                                ? real.executeQuery("select 140012, '14.12'")
                                : call(real, method, args));
    }

    private interface Change {
        Object of(String method, Object result);
    }

    private static <T> T through(Class<T> type, T real, Change change) {
        return type.cast(Proxy.newProxyInstance(
                BadSurroundingsTest.class.getClassLoader(),
                new Class<?>[] {type},
                (proxy, method, args) -> change.of(method.getName(), call(real, method, args))));
    }

    private static Object call(Object real, Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(real, args);
        } catch (InvocationTargetException failed) {
            throw failed.getCause();
        }
    }

    @Test
    void aServerThatIsTooOld() throws Exception {
        String schema = database.schema() + "_old";
        TidemillException failed = refused(
                ErrorCode.DATABASE_TOO_OLD,
                () -> Tidemill.on(old(plain())).schema(schema).start());
        assertThat(failed).hasMessageContaining("14.12").hasMessageContaining("15");
        assertThat(schemaExists(schema)).isFalse();
    }

    @Test
    void aUserWithoutRights() throws Exception {
        String role = database.schema() + "_r";
        sql.run("create role " + role + " login password 'p'");
        try {
            PGSimpleDataSource source = plain();
            source.setUser(role);
            source.setPassword("p");
            String schema = database.schema() + "_norights";
            TidemillException create = refused(
                    ErrorCode.PRIVILEGE_MISSING,
                    () -> Tidemill.on(source).schema(schema).start());
            assertThat(create).hasMessageContaining("CREATE");
            assertThat(schemaExists(schema)).isFalse();
            new Migrations(database.dataSource(), database.schema()).apply();
            refused(
                    ErrorCode.PRIVILEGE_MISSING,
                    () -> Tidemill.on(source).schema(database.schema()).start());
            sql.run("create schema " + schema + " authorization " + role);
            try {
                Tidemill.on(source).schema(schema).start().close();
            } finally {
                sql.run("drop schema " + schema + " cascade");
            }
        } finally {
            sql.run("drop role " + role);
        }
    }

    @Test
    void aSchemaThatIsNewerOrMissing() throws Exception {
        String schema = database.schema() + "_v";
        refused(
                ErrorCode.SCHEMA_OUTDATED,
                () -> Tidemill.on(plain()).schema(schema).migrate(false).start());
        assertThat(schemaExists(schema)).isFalse();
        Tidemill.on(plain()).schema(schema).start().close();
        try {
            sql.run("insert into " + schema + ".migration (version, name, checksum) values (99, 'V099', 'x')");
            TidemillException newer = refused(
                    ErrorCode.SCHEMA_NEWER,
                    () -> Tidemill.on(plain()).schema(schema).start());
            assertThat(newer).hasMessageContaining("99").hasMessageContaining("Upgrade the program");
            sql.run("delete from " + schema + ".migration where version = 99");
            sql.run("update " + schema + ".migration set checksum = 'other'");
            refused(
                    ErrorCode.SCHEMA_NEWER,
                    () -> Tidemill.on(plain()).schema(schema).migrate(false).start());
        } finally {
            sql.run("drop schema " + schema + " cascade");
        }
    }

    @Test
    void timesThatMakeNoSense() throws Exception {
        try (Tidemill mill =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            JobRequest job = new JobRequest("k", "{}");
            Instant now = Instant.now();
            refused(ErrorCode.INVALID_OPTION, () -> mill.enqueue(job, delay(Duration.ofMillis(-1))));
            refused(ErrorCode.INVALID_OPTION, () -> mill.enqueue(job, delay(Duration.ofDays(4000))));
            refused(ErrorCode.INVALID_OPTION, () -> mill.enqueue(job, delay(Duration.ofSeconds(Long.MAX_VALUE))));
            for (Instant at : new Instant[] {
                now.minus(Duration.ofHours(1)), Instant.EPOCH, Instant.MIN, Instant.MAX, now.plus(Duration.ofDays(4000))
            }) {
                refused(ErrorCode.INVALID_OPTION, () -> mill.enqueue(job, EnqueueOptions.NONE.at(at)));
            }
            refused(
                    ErrorCode.INVALID_OPTION,
                    () -> mill.enqueue(job, EnqueueOptions.NONE.at(now).in(Duration.ofHours(1))));
            refused(ErrorCode.INVALID_OPTION, () -> mill.enqueue(job, EnqueueOptions.NONE.timeout(Duration.ZERO)));
            refused(
                    ErrorCode.INVALID_OPTION,
                    () -> mill.enqueue(job, EnqueueOptions.NONE.timeout(Duration.ofSeconds(-5))));
            refused(ErrorCode.INVALID_OPTION, () -> mill.enqueue(job, EnqueueOptions.NONE.attempts(0)));
            assertThat(sql.number("select count(*) from {schema}.job")).isZero();
            mill.enqueue(job, EnqueueOptions.NONE.at(now.plus(Duration.ofDays(3000))));
            assertThat(sql.number("select count(*) from {schema}.job")).isEqualTo(1);
        }
    }
}
