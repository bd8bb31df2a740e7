package dev.tidemill.server.tables;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.schema.Component;
import dev.tidemill.schema.Migrations;
import dev.tidemill.schema.SchemaException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The server's own tables, in the schema of the jobs, and a way to work on them. They come after the engine's: their
 * statements use its clock and its audit trail. Holds no connection. Thread safe.
 */
public final class ServerTables {
    private static final String UNIQUE_VIOLATION = "23505";
    private static final Component COMPONENT = new Component(
            "server",
            List.of(
                    "S001__access.sql",
                    "S003__endpoints.sql",
                    "S004__idempotency.sql",
                    "S005__login_guard.sql",
                    "S006__endpoint_dependencies.sql"),
            file -> resource("/dev/tidemill/server/migration/" + file));

    private final DataSource dataSource;
    private final String schema;

    /** For the tables in a schema. */
    public ServerTables(DataSource dataSource, String schema) {
        this.dataSource = dataSource;
        this.schema = schema;
    }

    /** What is done with a connection. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        T on(Connection connection) throws SQLException;
    }

    /**
     * Brings the tables up to date, once however many processes start together. Returns the files that this call
     * applied.
     *
     * @throws TidemillException {@link ErrorCode#SCHEMA_NEWER} and its like if the schema does not suit the program
     */
    public List<String> migrate() {
        try {
            return migrations().apply();
        } catch (SchemaException refused) {
            throw new TidemillException(code(refused.reason()), String.valueOf(refused.getMessage()), refused);
        } catch (SQLException failed) {
            throw translated(failed);
        }
    }

    /** The migrations of these tables, for whoever looks how far they are. */
    public Migrations migrations() {
        return new Migrations(dataSource, schema, COMPONENT);
    }

    private static ErrorCode code(SchemaException.Reason reason) {
        return switch (reason) {
            case SERVER_TOO_OLD -> ErrorCode.DATABASE_TOO_OLD;
            case OUTDATED -> ErrorCode.SCHEMA_OUTDATED;
            case NEWER -> ErrorCode.SCHEMA_NEWER;
            case LOCKED_OUT -> ErrorCode.DATABASE_ERROR;
        };
    }

    /** The named statements of a file beside a class, for this schema: sections that begin with {@code -- :name}. */
    public Statements statements(Class<?> owner, String file) {
        try (InputStream in = Objects.requireNonNull(owner.getResourceAsStream(file), file)) {
            return new Statements(new String(in.readAllBytes(), StandardCharsets.UTF_8), schema);
        } catch (IOException failed) {
            throw new UncheckedIOException("Reading " + file + " failed", failed);
        }
    }

    /**
     * Writes a line to the audit trail about a change that is not in the database.
     *
     * @param by who, 1 to 100 characters
     */
    public void audit(String by, String action, String target, String detail) {
        call(connection -> {
            note(connection, by, action, target, detail);
            return true;
        });
    }

    /**
     * Writes a line to the audit trail in the transaction of the change.
     *
     * @param by who, 1 to 100 characters
     */
    public void note(Connection connection, String by, String action, String target, String detail)
            throws SQLException {
        String note = "select \"" + schema + "\".note_change(?, ?, ?, ?)";
        try (PreparedStatement statement = connection.prepareStatement(note)) {
            statement.setString(1, by);
            statement.setString(2, action);
            statement.setString(3, target);
            statement.setString(4, detail);
            statement.execute();
        }
    }

    /** Runs work whose every statement commits by itself. */
    public <T extends @Nullable Object> T call(Work<T> work) {
        try (Connection connection = dataSource.getConnection()) {
            return work.on(connection);
        } catch (SQLException failed) {
            throw translated(failed);
        }
    }

    /** Runs work that commits together, READ COMMITTED whatever the server's default, or not at all. */
    public <T extends @Nullable Object> T transaction(Work<T> work) {
        return call(connection -> {
            connection.setAutoCommit(false);
            boolean done = false;
            try {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("set transaction isolation level read committed");
                }
                T result = work.on(connection);
                connection.commit();
                done = true;
                return result;
            } finally {
                if (!done) {
                    connection.rollback();
                }
                connection.setAutoCommit(true);
            }
        });
    }

    /** Whether a statement failed because there is such a row already. */
    public static boolean isDuplicate(SQLException failed) {
        return UNIQUE_VIOLATION.equals(failed.getSQLState());
    }

    /** What a failed statement means. The message is for the log: it may name hosts, users and data. */
    public static TidemillException translated(SQLException failed) {
        String state = failed.getSQLState();
        if (state == null || state.startsWith("08") || state.startsWith("57P") || state.equals("53300")) {
            return new TidemillException(
                    ErrorCode.DATABASE_UNREACHABLE, "The database does not answer: " + failed.getMessage(), failed);
        }
        if (state.equals("42501")) {
            return new TidemillException(
                    ErrorCode.PRIVILEGE_MISSING, "The database user lacks a right: " + failed.getMessage(), failed);
        }
        return new TidemillException(
                ErrorCode.DATABASE_ERROR, "A statement failed with " + state + ": " + failed.getMessage(), failed);
    }

    private static String resource(String path) {
        try (InputStream in = Objects.requireNonNull(ServerTables.class.getResourceAsStream(path), path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException("Reading " + path + " failed", failed);
        }
    }
}
