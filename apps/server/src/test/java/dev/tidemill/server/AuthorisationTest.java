package dev.tidemill.server;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.access.Role;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Router.Entrance;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every route that there is, tried by everybody that there is. */
@ExtendWith(FreshSchema.class)
@Timeout(120)
final class AuthorisationTest {
    /**
     * What each route asks for; {@code -} is for anybody. A route that is missing here fails the test: whoever adds one
     * decides here, a second time, who may use it.
     */
    private static final String DECISIONS = """
            -        GET    /healthz
            -        GET    /readyz
            -        GET    /login
            -        POST   /login
            -        POST   /logout
            -        GET    /setup
            -        POST   /setup
            READ     GET    /
            READ     GET    /events
            READ     GET    /assets/{name}
            READ     GET    /metrics
            READ     GET    /openapi.json
            READ     GET    /me
            READ     POST   /me/password
            READ     GET    /audit
            READ     GET    /alarms
            READ     GET    /breakers
            READ     GET    /rules
            READ     GET    /dead-letters
            READ     GET    /doctor
            READ     GET    /endpoints
            READ     GET    /jobs
            READ     GET    /jobs/{id}
            READ     GET    /caches
            READ     GET    /caches/{cache}
            OPERATE  POST   /caches/{cache}/invalidate
            READ     GET    /api/v1/caches
            READ     GET    /api/v1/caches/{cache}
            READ     GET    /api/v1/caches/{cache}/tiers
            READ     GET    /api/v1/caches/{cache}/entry
            OPERATE  PUT    /api/v1/caches/{cache}/entry
            OPERATE  DELETE /api/v1/caches/{cache}/entry
            READ     GET    /limits
            READ     GET    /new-schedule
            READ     GET    /nodes
            READ     GET    /queues
            READ     GET    /queues/{queue}
            READ     GET    /retention
            READ     GET    /schedules
            READ     GET    /schedules/{name}
            READ     GET    /schedules/{name}/edit
            READ     GET    /api/v1/me
            READ     GET    /api/v1/jobs
            READ     GET    /api/v1/jobs/{id}
            READ     GET    /api/v1/jobs/{id}/log
            READ     GET    /api/v1/jobs/{id}/why
            READ     GET    /api/v1/stats
            READ     GET    /api/v1/queues
            READ     GET    /api/v1/queues/{name}
            READ     GET    /api/v1/kinds
            READ     GET    /api/v1/attempts
            READ     GET    /api/v1/process
            READ     GET    /api/v1/dead-letters
            READ     GET    /api/v1/schedules
            READ     GET    /api/v1/schedules/{name}
            READ     GET    /api/v1/limits
            READ     GET    /api/v1/pauses
            READ     GET    /api/v1/breakers
            OPERATE  PUT    /api/v1/breakers/{name}
            READ     GET    /api/v1/alarms
            OPERATE  PUT    /api/v1/alarms/{kind}
            READ     GET    /rules/{name}
            OPERATE  POST   /rules/{name}/pause
            OPERATE  POST   /rules/{name}/resume
            OPERATE  POST   /rules/{name}/repair
            OPERATE  POST   /rules/{name}/release
            OPERATE  POST   /rules/{name}/backfill
            OPERATE  POST   /rules/{name}/cancel-backfill
            OPERATE  POST   /rules/{name}/sweep
            OPERATE  POST   /rules/{name}/dry-run
            ADMIN    POST   /rules/{name}/remove
            READ     GET    /api/v1/rules
            READ     GET    /api/v1/rule-alarms
            READ     GET    /api/v1/rules/{name}
            READ     GET    /api/v1/rules/{name}/parked
            READ     GET    /api/v1/rules/{name}/drift
            OPERATE  POST   /api/v1/rules/{name}/pause
            OPERATE  POST   /api/v1/rules/{name}/resume
            OPERATE  POST   /api/v1/rules/{name}/repair
            OPERATE  POST   /api/v1/rules/{name}/release
            OPERATE  POST   /api/v1/rules/{name}/backfill
            OPERATE  DELETE /api/v1/rules/{name}/backfill
            OPERATE  POST   /api/v1/rules/{name}/sweep
            OPERATE  POST   /api/v1/rules/{name}/dry-run
            ADMIN    DELETE /api/v1/rules/{name}
            READ     GET    /api/v1/drained
            READ     GET    /api/v1/audit
            READ     GET    /api/v1/doctor
            READ     GET    /api/v1/retention
            READ     GET    /api/v1/log-level
            ENQUEUE  POST   /api/v1/jobs
            ENQUEUE  POST   /jobs/{id}/again
            OPERATE  POST   /alarms
            OPERATE  POST   /breakers
            OPERATE  POST   /breakers/open
            OPERATE  POST   /breakers/close
            OPERATE  POST   /dead-letter-groups/replay
            OPERATE  POST   /dead-letter-groups/discard
            OPERATE  POST   /doctor/repair
            OPERATE  POST   /endpoints/pause
            OPERATE  POST   /endpoints/resume
            OPERATE  POST   /fair-queues/share
            OPERATE  POST   /fair-queues/unshare
            OPERATE  POST   /fair-queues/weigh
            OPERATE  GET    /all-jobs
            OPERATE  POST   /all-jobs
            OPERATE  POST   /ticked-jobs
            OPERATE  POST   /jobs/{id}/cancel
            OPERATE  POST   /jobs/{id}/run-now
            OPERATE  POST   /jobs/{id}/reschedule
            OPERATE  POST   /jobs/{id}/priority
            OPERATE  POST   /jobs/{id}/replay-edited
            OPERATE  POST   /limits/put
            OPERATE  POST   /limits/remove
            OPERATE  POST   /new-schedule
            OPERATE  POST   /nodes/drain
            OPERATE  POST   /nodes/undrain
            OPERATE  POST   /pauses/add
            OPERATE  POST   /pauses/remove
            OPERATE  POST   /schedules/{name}/edit
            OPERATE  POST   /schedules/{name}/pause
            OPERATE  POST   /schedules/{name}/remove
            OPERATE  POST   /schedules/{name}/resume
            OPERATE  POST   /schedules/{name}/trigger
            OPERATE  POST   /dead-letters/{id}/replay
            OPERATE  POST   /dead-letters/{id}/discard
            OPERATE  POST   /api/v1/dead-letters/replay
            OPERATE  POST   /api/v1/dead-letters/{id}/replay
            OPERATE  POST   /api/v1/dead-letters/{id}/discard
            OPERATE  POST   /api/v1/dead-letters/{id}/replay-edited
            OPERATE  POST   /api/v1/jobs/{id}/cancel
            OPERATE  POST   /api/v1/jobs/{id}/reschedule
            OPERATE  POST   /api/v1/jobs/{id}/run-now
            OPERATE  POST   /api/v1/jobs/{id}/priority
            OPERATE  POST   /api/v1/actions
            OPERATE  POST   /api/v1/schedules
            OPERATE  PUT    /api/v1/schedules/{name}
            OPERATE  DELETE /api/v1/schedules/{name}
            OPERATE  POST   /api/v1/schedules/{name}/pause
            OPERATE  POST   /api/v1/schedules/{name}/resume
            OPERATE  POST   /api/v1/schedules/{name}/trigger
            OPERATE  PUT    /api/v1/limits
            OPERATE  DELETE /api/v1/limits
            OPERATE  PUT    /api/v1/fair-queues/{queue}
            OPERATE  DELETE /api/v1/fair-queues/{queue}
            OPERATE  PUT    /api/v1/fair-queues/{queue}/weights
            OPERATE  POST   /api/v1/pauses
            OPERATE  DELETE /api/v1/pauses
            OPERATE  PUT    /api/v1/nodes/{node}/drain
            OPERATE  DELETE /api/v1/nodes/{node}/drain
            OPERATE  POST   /api/v1/breakers/{name}/open
            OPERATE  POST   /api/v1/breakers/{name}/close
            WORK     POST   /api/v1/work/claim
            WORK     PUT    /api/v1/work/dependencies
            WORK     POST   /api/v1/work/{id}/heartbeat
            WORK     POST   /api/v1/work/{id}/finish
            WORK     POST   /api/v1/work/{id}/fail
            WORK     POST   /api/v1/work/{id}/release
            WORK     POST   /api/v1/work/run
            READ     GET    /api/v1/endpoints
            READ     GET    /api/v1/endpoints/{name}
            OPERATE  POST   /api/v1/endpoints/{name}/pause
            OPERATE  POST   /api/v1/endpoints/{name}/resume
            ADMIN    PUT    /api/v1/endpoints/{name}
            ADMIN    DELETE /api/v1/endpoints/{name}
            ADMIN    POST   /api/v1/endpoints/{name}/rotate
            ADMIN    POST   /api/v1/endpoints/{name}/test
            ADMIN    GET    /users
            ADMIN    POST   /users/add
            ADMIN    POST   /users/role
            ADMIN    POST   /users/password
            ADMIN    POST   /users/disable
            ADMIN    POST   /users/enable
            ADMIN    POST   /users/remove
            ADMIN    GET    /keys
            ADMIN    POST   /keys
            ADMIN    POST   /keys/revoke
            ADMIN    POST   /endpoints/put
            ADMIN    POST   /endpoints/remove
            ADMIN    POST   /endpoints/rotate
            ADMIN    POST   /endpoints/test
            ADMIN    POST   /retention
            ADMIN    POST   /retention/kind
            ADMIN    PUT    /api/v1/log-level
            ADMIN    PUT    /api/v1/retention
            ADMIN    PUT    /api/v1/retention/{kind}
            ADMIN    GET    /api/v1/users
            ADMIN    POST   /api/v1/users
            ADMIN    GET    /api/v1/users/{name}
            ADMIN    DELETE /api/v1/users/{name}
            ADMIN    PUT    /api/v1/users/{name}/role
            ADMIN    PUT    /api/v1/users/{name}/password
            ADMIN    POST   /api/v1/users/{name}/disable
            ADMIN    POST   /api/v1/users/{name}/enable
            ADMIN    GET    /api/v1/keys
            ADMIN    POST   /api/v1/keys
            ADMIN    DELETE /api/v1/keys/{name}
            """;

    private static final Map<Role, Set<Permission>> ROLES = Map.of(
            Role.VIEWER, Set.of(Permission.READ),
            Role.OPERATOR, Set.of(Permission.READ, Permission.ENQUEUE, Permission.OPERATE),
            Role.ADMIN, Set.of(Permission.values()));

    private static final String PASSWORD = "four words in a row";
    private static final AtomicInteger PLACES = new AtomicInteger();
    private static ServerUnderTest server;

    @BeforeAll
    static void startServer(TestDatabase database) {
        server = ServerUnderTest.closed(database, settings -> settings.trustedProxies(List.of("127.0.0.0/8")));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private record Route(String method, String pattern) {
        @Override
        public String toString() {
            return method + " " + pattern;
        }
    }

    private static Map<Route, Optional<Permission>> decisions() {
        return DECISIONS
                .lines()
                .map(line -> line.split(" +", 3))
                .collect(toMap(
                        parts -> new Route(parts[1], parts[2]),
                        parts -> parts[0].equals("-") ? Optional.empty() : Optional.of(Permission.valueOf(parts[0])),
                        (one, other) -> {
                            throw new IllegalStateException("A route is there twice");
                        },
                        LinkedHashMap::new));
    }

    @Test
    void everyRouteThatThereIsWasDecidedOnHere() {
        Set<String> there = new TreeSet<>();
        for (Entrance entrance : server.server.entrances()) {
            there.add(entrance.method() + " " + entrance.pattern());
        }
        Set<String> decided = new TreeSet<>();
        decisions().keySet().forEach(route -> decided.add(route.toString()));
        assertThat(there).isEqualTo(decided);
    }

    /** Everybody that there is, with what they may do; nothing at all for whoever is not known. */
    private static Map<String, Map.Entry<Visitor, Set<Permission>>> everybody(TestDatabase database)
            throws SQLException {
        Accounts accounts = server.server.accounts();
        Map<String, Map.Entry<Visitor, Set<Permission>>> all = new TreeMap<>();
        all.put("nobody", Map.entry(Visitor.nobody(server), Set.of()));
        all.put("wrong key", Map.entry(Visitor.withKey(server, "tdm_" + "x".repeat(43)), Set.of()));
        for (Role role : Role.values()) {
            accounts.addUser(role.word(), PASSWORD, role, "test");
            all.put(role.word(), Map.entry(Visitor.loggedIn(server, role.word(), PASSWORD), ROLES.get(role)));
        }
        for (Permission scope : Permission.values()) {
            String secret = key(accounts, scope.name().toLowerCase(Locale.ROOT), Set.of(scope));
            all.put("key " + scope, Map.entry(Visitor.withKey(server, secret), Set.of(scope)));
        }
        String revoked = key(accounts, "revoked", Permission.ALL);
        accounts.revokeKey("revoked", "test");
        all.put("revoked key", Map.entry(Visitor.withKey(server, revoked), Set.of()));
        String expired = key(accounts, "expired", Permission.ALL);
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("update " + database.schema() + ".api_key set ends_at = " + database.schema()
                    + ".now_micros() where name = 'expired'");
        }
        all.put("expired key", Map.entry(Visitor.withKey(server, expired), Set.of()));
        accounts.addUser("former", PASSWORD, Role.ADMIN, "test");
        Visitor former = Visitor.loggedIn(server, "former", PASSWORD);
        accounts.setDisabled("former", true, "test");
        all.put("disabled user", Map.entry(former, Set.of()));
        return all;
    }

    private static String key(Accounts accounts, String name, Set<Permission> scopes) {
        return accounts.createKey(name, scopes, Duration.ofMinutes(10), "test").secret();
    }

    @Test
    void everybodyGetsThroughWhereTheyMayAndNowhereElse(TestDatabase database) throws Exception {
        Map<String, String> wrong = new TreeMap<>();
        Map<String, Map.Entry<Visitor, Set<Permission>>> everybody = everybody(database);
        int tried = 0;
        for (Map.Entry<Route, Optional<Permission>> decision : decisions().entrySet()) {
            for (Map.Entry<String, Map.Entry<Visitor, Set<Permission>>> one : everybody.entrySet()) {
                Set<Permission> has = one.getValue().getValue();
                int expected = decision.getValue().isEmpty()
                                || has.contains(decision.getValue().get())
                        ? 0
                        : has.isEmpty() ? 401 : 403;
                int status = status(one.getValue().getKey(), decision.getKey());
                int refusal = status == 401 || status == 403 ? status : 0;
                if (refusal != expected) {
                    wrong.put(one.getKey() + ": " + decision.getKey(), status + " instead of " + expected);
                }
                tried++;
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(tried).isEqualTo(decisions().size() * (2 + 3 + Permission.values().length + 3));
    }

    /** With a parameter that no route takes: whoever gets through the gate is refused right behind it, and changes nothing. */
    private static int status(Visitor visitor, Route route) throws Exception {
        String path = route.pattern().replaceAll("\\{[^}]*}", "1") + "?stray=1";
        // Each from elsewhere: who comes with wrong keys too often is not looked at any more.
        int place = PLACES.getAndIncrement();
        Visitor there = visitor.with("X-Forwarded-For", "198.51." + place / 250 + "." + place % 250);
        HttpResponse<InputStream> answer = server.open(there.request(route.method(), path));
        try (InputStream body = answer.body()) {
            // A stream that was let in would go on for ever.
            if (answer.statusCode() >= 400) {
                body.readAllBytes();
            }
        }
        return answer.statusCode();
    }
}
