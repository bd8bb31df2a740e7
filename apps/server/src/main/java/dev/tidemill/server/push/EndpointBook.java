package dev.tidemill.server.push;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.net.URI;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The endpoints in the database, shared by all server processes. Every change stands in the audit trail, in its own
 * transaction. Thread safe.
 */
public final class EndpointBook {
    private static final Logger LOG = LoggerFactory.getLogger(EndpointBook.class);
    private static final int MOST = 1_000;
    private static final Duration KEEP_MOST = Duration.ofDays(30);
    private static final int REASON = 500;

    private final ServerTables tables;
    private final Statements sql;
    private final SecretSeal seal;

    /** Kept with these seals. */
    EndpointBook(ServerTables tables, SecretSeal seal) {
        this.tables = tables;
        this.seal = seal;
        this.sql = tables.statements(EndpointBook.class, "endpoints.sql");
    }

    /**
     * An endpoint as it stands.
     *
     * @param paused since when, by whom and why it is paused; null while it is not
     * @param goneAt since when it has said that it is gone; null if it has not
     * @param locked whether some of its secrets are sealed by a key that this server has not
     */
    public record Standing(
            Endpoint endpoint,
            @Nullable Paused paused,
            @Nullable Instant goneAt,
            boolean locked,
            Instant createdAt,
            Instant changedAt) {
        /** Whether jobs are sent there. */
        public boolean open() {
            return paused == null && goneAt == null && !locked;
        }
    }

    /** A pause. */
    public record Paused(Instant since, String by, String reason) {}

    /** All endpoints with the secrets that sign, as of a version. */
    record Edition(long version, List<Standing> endpoints, Map<String, List<WebhookSecret>> secrets) {}

    long version() {
        return tables.call(connection ->
                sql.first(connection, "version", row -> row.getLong(1)).orElse(0L));
    }

    Edition edition() {
        return tables.transaction(connection -> {
            // First, so that what is changed meanwhile is read again.
            long version =
                    sql.first(connection, "version", row -> row.getLong(1)).orElse(0L);
            // Each statement sees what was committed before it: one that is there now has its secret in the next. One
            // that
            // was deleted in between has none, and is left out, so that nothing is ever sent unsigned.
            List<Standing> endpoints = read(connection, null);
            Map<String, List<WebhookSecret>> secrets = new HashMap<>();
            for (Kept kept : sql.list(connection, "secrets", row -> new Kept(0, row.getString(1), row.getBytes(2)))) {
                seal.open(kept.secret(), secretOf(kept.endpoint()))
                        .ifPresent(secret -> secrets.computeIfAbsent(kept.endpoint(), any -> new ArrayList<>())
                                .add(WebhookSecret.of(secret)));
            }
            List<Standing> signed = endpoints.stream()
                    .filter(standing -> !standing.locked()
                            && secrets.containsKey(standing.endpoint().name()))
                    .toList();
            return new Edition(version, signed, secrets);
        });
    }

    /** All of them by name, at most 1,000. */
    public List<Standing> list() {
        return tables.call(connection -> read(connection, null));
    }

    /** The one of a name. */
    public Optional<Standing> find(String name) {
        return tables.call(connection -> read(connection, name)).stream().findFirst();
    }

    private List<Standing> read(Connection connection, @Nullable String name) throws SQLException {
        return sql.list(connection, "endpoints", this::standing, name, name);
    }

    private static String secretOf(String endpoint) {
        return "secret of endpoint " + endpoint;
    }

    private static String headerOf(String endpoint, String header) {
        return "header " + header + " of endpoint " + endpoint;
    }

    private Standing standing(ResultSet row) throws SQLException {
        String name = row.getString(1);
        String[] headers = texts(row, 4);
        Map<String, String> map = new LinkedHashMap<>();
        boolean locked = false;
        for (int i = 0; i + 1 < headers.length; i += 2) {
            if (Endpoint.isTaken(headers[i])) {
                // Kept by a version that did not set this one itself.
                continue;
            }
            Optional<String> value = seal.open(headers[i + 1], headerOf(name, headers[i]));
            locked |= value.isEmpty();
            map.put(headers[i], value.orElse(""));
        }
        for (Object secret : (Object[]) row.getArray(15).getArray()) {
            locked |= seal.open((byte[]) secret, secretOf(name)).isEmpty();
        }
        Endpoint endpoint = new Endpoint(
                name,
                URI.create(row.getString(2)),
                Set.of(texts(row, 14)),
                Set.of(texts(row, 3)),
                map,
                Duration.ofMillis(row.getLong(5)),
                row.getInt(6),
                row.getBoolean(7),
                Set.of(texts(row, 16)));
        Instant pausedAt = instant(row, 8);
        return new Standing(
                endpoint,
                pausedAt == null ? null : new Paused(pausedAt, row.getString(9), row.getString(10)),
                instant(row, 11),
                locked,
                Instant.EPOCH.plus(row.getLong(12), ChronoUnit.MICROS),
                Instant.EPOCH.plus(row.getLong(13), ChronoUnit.MICROS));
    }

    private static String[] texts(ResultSet row, int column) throws SQLException {
        return (String[]) row.getArray(column).getArray();
    }

    private static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
        long micros = row.getLong(column);
        return row.wasNull() ? null : Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    /** Makes or changes one; true if it is new, and then this is its secret. */
    boolean put(Endpoint endpoint, WebhookSecret secret, String by) {
        return change(by, "put endpoint", endpoint.name(), endpoint.url().getHost(), connection -> {
            String[] headers = endpoint.headers().entrySet().stream()
                    .flatMap(header -> Stream.of(
                            header.getKey(), seal.seal(header.getValue(), headerOf(endpoint.name(), header.getKey()))))
                    .toArray(String[]::new);
            boolean created = sql.first(
                            connection,
                            "put",
                            row -> row.getBoolean(1),
                            endpoint.name(),
                            endpoint.url().toString(),
                            endpoint.queues().stream().sorted().toArray(String[]::new),
                            headers,
                            endpoint.timeout().toMillis(),
                            endpoint.concurrency(),
                            endpoint.onDemand(),
                            endpoint.dependsOn().stream().sorted().toArray(String[]::new))
                    .orElseThrow();
            if (created) {
                refuseBeyondMost(connection);
                sql.run(
                        connection,
                        "add_secret",
                        endpoint.name(),
                        seal.seal(secret.bytes(), secretOf(endpoint.name())));
            }
            sql.run(connection, "drop_kinds", endpoint.name());
            String[] kinds = endpoint.kinds().stream().sorted().toArray(String[]::new);
            refuseTaken(connection, kinds, endpoint.name());
            sql.run(connection, "put_kinds", endpoint.name(), kinds);
            return created;
        });
    }

    /** Seals by the first key what is not, of secrets and headers; how many there were. What cannot be opened stays. */
    int reseal() {
        if (!seal.on()) {
            return 0;
        }
        return tables.transaction(connection -> {
            sql.first(connection, "turn", row -> row.getLong(1));
            int sealed = 0;
            for (Kept kept : sql.list(
                    connection, "kept_secrets", row -> new Kept(row.getLong(1), row.getString(2), row.getBytes(3)))) {
                Optional<byte[]> plain = seal.open(kept.secret(), secretOf(kept.endpoint()));
                if (!seal.isCurrent(kept.secret()) && plain.isPresent()) {
                    sealed += sql.run(
                            connection, "reseal_secret", seal.seal(plain.get(), secretOf(kept.endpoint())), kept.id());
                }
            }
            for (KeptHeaders kept :
                    sql.list(connection, "kept_headers", row -> new KeptHeaders(row.getString(1), texts(row, 2)))) {
                sealed += reseal(connection, kept);
            }
            return sealed;
        });
    }

    private int reseal(Connection connection, KeptHeaders kept) throws SQLException {
        String[] headers = kept.headers().clone();
        for (int i = 0; i + 1 < headers.length; i += 2) {
            String owner = headerOf(kept.endpoint(), headers[i]);
            Optional<String> plain = seal.open(headers[i + 1], owner);
            if (!seal.isCurrent(headers[i + 1]) && plain.isPresent()) {
                headers[i + 1] = seal.seal(plain.get(), owner);
            }
        }
        return Arrays.equals(headers, kept.headers())
                ? 0
                : sql.run(connection, "reseal_headers", headers, kept.endpoint());
    }

    @SuppressWarnings("ArrayRecordComponent") // A carrier, never compared.
    private record Kept(long id, String endpoint, byte[] secret) {}

    @SuppressWarnings("ArrayRecordComponent") // A carrier, never compared.
    private record KeptHeaders(String endpoint, String[] headers) {}

    /** Whether there is a key that new secrets are sealed by. */
    public boolean seals() {
        return seal.on();
    }

    private void refuseBeyondMost(Connection connection) throws SQLException {
        if (sql.first(connection, "count", row -> row.getLong(1)).orElse(0L) > MOST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "There are " + MOST + " endpoints already; delete one, or give one more kinds.");
        }
    }

    private void refuseTaken(Connection connection, String[] kinds, String name) throws SQLException {
        List<String> taken =
                sql.list(connection, "taken", row -> row.getString(1) + " to " + row.getString(2), kinds, name);
        if (!taken.isEmpty()) {
            throw new TidemillException(
                    ErrorCode.ALREADY_EXISTS,
                    "Other endpoints have some of these kinds already (" + String.join(", ", taken)
                            + "); a kind goes to one endpoint.");
        }
    }

    /**
     * Gives it a new secret; the one that it has signs beside it for this long.
     *
     * @param keep 0 to 30 days
     */
    public void rotate(String name, WebhookSecret secret, Duration keep, String by) {
        if (keep.isNegative() || keep.compareTo(KEEP_MOST) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "keep is " + keep + "; the secret that is replaced can go on for 0 to 30 days.");
        }
        change(by, "rotate endpoint", name, "", connection -> {
            refuseUnknown(connection, name);
            sql.run(connection, "retire_secrets", name, micros(keep), name);
            return sql.run(connection, "add_secret", name, seal.seal(secret.bytes(), secretOf(name)));
        });
    }

    /** Takes one away; what was sent and not answered yet goes on. */
    public void delete(String name, String by) {
        change(by, "delete endpoint", name, "", connection -> {
            refuseUnknown(connection, name);
            return sql.run(connection, "delete", name);
        });
    }

    /**
     * Sends nothing there until it is resumed.
     *
     * @param reason at most 500 characters; may be empty
     */
    public void pause(String name, String by, String reason) {
        if (reason.length() > REASON || reason.indexOf('\0') >= 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The reason has " + reason.length() + " characters; it may have " + REASON + ", none of them NUL.");
        }
        change(by, "pause endpoint", name, reason, connection -> {
            refuseUnknown(connection, name);
            return sql.run(connection, "pause", by, reason, name);
        });
    }

    /** Sends there again, also where it had said that it was gone. */
    public void resume(String name, String by) {
        change(by, "resume endpoint", name, "", connection -> {
            refuseUnknown(connection, name);
            return sql.run(connection, "resume", name);
        });
    }

    /** Something was sent there that is no job. It is under way by now, whatever becomes of the line. */
    void tested(String name, String by, String outcome) {
        try {
            tables.audit(by, "test endpoint", "ENDPOINT " + name, outcome);
        } catch (TidemillException away) {
            LOG.warn("{} tested the endpoint {}; the audit trail does not have that: {}", by, name, away.code());
        }
    }

    /** It said so itself. */
    void gone(Endpoint endpoint) {
        tables.transaction(connection -> {
            sql.run(connection, "changed");
            if (sql.run(connection, "gone", endpoint.name(), endpoint.url().toString()) > 0) {
                sql.run(connection, "note_change", "system", "endpoint gone", "ENDPOINT " + endpoint.name(), "");
            }
            return true;
        });
    }

    private void refuseUnknown(Connection connection, String name) throws SQLException {
        if (read(connection, name).isEmpty()) {
            throw new TidemillException(ErrorCode.NOT_FOUND, "There is no endpoint of this name; nothing was changed.");
        }
    }

    private <T> T change(String by, String action, String name, String detail, ServerTables.Work<T> work) {
        return tables.transaction(connection -> {
            sql.run(connection, "changed");
            T result = work.on(connection);
            sql.run(connection, "note_change", by, action, "ENDPOINT " + name, detail);
            return result;
        });
    }

    private static long micros(Duration time) {
        return TimeUnit.NANOSECONDS.toMicros(time.toNanos());
    }
}
