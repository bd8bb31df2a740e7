package dev.tidemill.cache;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/cache.md, compiled and run; and a check that it is the same code. */
@ExtendWith(FreshSchema.class)
final class CachePageTest {
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    record User(long id, String name, long org) {}

    /** The origin. */
    private static final class Repository {
        private final Map<Long, User> users = new ConcurrentHashMap<>();

        User find(long id) {
            return users.computeIfAbsent(id, same -> new User(same, "user", 7));
        }

        Map<Long, User> findAll(Set<Long> ids) {
            Map<Long, User> found = new HashMap<>();
            ids.forEach(id -> found.put(id, find(id)));
            return found;
        }

        void rename(Connection connection, long id, String name) throws SQLException {
            assertThat(connection.getAutoCommit()).isFalse();
            users.put(id, new User(id, name, 7));
        }

        void save(User user) {
            users.put(user.id(), user);
        }

        List<User> page(long org, int page) {
            return List.of(new User(page, "on page " + page, org));
        }
    }

    private final TestDatabase database;
    private final Repository repository = new Repository();

    CachePageTest(TestDatabase database) {
        this.database = database;
    }

    /** Connections whose tables are in the test's schema; Caches.on(..).open() finds its own there. */
    private Caches open() {
        return Caches.on(database.dataSource()).schema(database.schema()).open();
    }

    @Test
    void theTour() throws Exception {
        DataSource dataSource = database.dataSource();
        try (Caches caches = open()) {
            Cache<Long, User> users = caches.cache("users", Keys.LONGS, ValueType.of(User.class))
                    .policy(CachePolicy.USER_PROFILES)
                    .tags((id, user) -> Set.of("org:" + user.org()))
                    .open();
            Cache<String, String> posts = caches.cache("posts", Keys.STRINGS, ValueType.of(String.class))
                    .open();
            List<Long> ids = List.of(1L, 2L, 42L);
            User user = users.get(42L, id -> repository.find(id));
            Many<Long, User> many = users.getMany(ids, missing -> repository.findAll(missing));
            assertThat(user).isEqualTo(many.orThrow().get(42L));

            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                repository.rename(connection, 42L, "Ada");
                users.invalidate(connection, 42L);
                connection.commit();
            }
            caches.committed();
            Awaitility.await()
                    .atMost(ofSeconds(30))
                    .untilAsserted(() -> assertThat(users.get(42L, id -> repository.find(id)))
                            .isEqualTo(new User(42, "Ada", 7)));

            User renamed = new User(42, "Grace", 7);
            users.put(42L, renamed);
            assertThat(users.get(42L, id -> repository.find(id))).isEqualTo(renamed);
            users.put(42L, renamed, ofMinutes(1), Set.of("renamed"));
            users.writeThrough(42L, renamed, () -> repository.save(renamed));
            users.invalidateTag("org:7");
            posts.invalidatePattern("42:*");
            users.refresh(42L, id -> repository.find(id));
            Cache.Memoised<Long, User> find = users.memoise(id -> repository.find(id));
            assertThat(find.of(42L)).isEqualTo(renamed);
            Pages<User> members = caches.pages("members", User.class, CachePolicy.FEED);
            List<User> second = members.page("org 7 by name", 1, page -> repository.page(7, page));
            members.invalidate("org 7 by name");
            assertThat(second).containsExactly(new User(1, "on page 1", 7));

            WarmUps warmUps = new WarmUps().add("members", users, () -> ids, missing -> repository.findAll(missing));
            WarmUps.Warmed warmed = warmUps.run("members");
            WarmUps.Warmed again = warmUps.run("members", ofMinutes(2));
            assertThat(warmed.keys()).isEqualTo(3);
            assertThat(again.failed()).isZero();
        }
    }

    @Test
    void aPolicyIsPutTogether() {
        CachePolicy policy = CachePolicy.of(ofMinutes(5))
                .staleWhileRevalidate(ofMinutes(10))
                .staleIfError(ofHours(1))
                .local(ofMinutes(1))
                .absent(ofSeconds(10))
                .timeout(ofSeconds(2))
                .breaker(5, ofSeconds(10))
                .localEntries(10_000);
        assertThat(policy.times())
                .isEqualTo(new CachePolicy.Times(
                        ofMinutes(5), ofMinutes(10), ofHours(1), ofMinutes(1), ofSeconds(10), 0.1));
        assertThat(policy.origin()).isEqualTo(new CachePolicy.Origin(ofSeconds(2), 64, 5, ofSeconds(10)));
        assertThat(policy.bounds().localEntries()).isEqualTo(10_000);
    }

    @Test
    void theNamedPoliciesHaveTheTimesOfThePage() throws Exception {
        Pattern row = Pattern.compile("\\| (`[A-Z_`, ]+`) \\| (\\d+) (s|min|h) \\|");
        Matcher rows = row.matcher(Files.readString(Path.of("../../docs/cache.md")));
        int policies = 0;
        while (rows.find()) {
            Duration time = Duration.parse(
                    "PT" + rows.group(2) + rows.group(3).substring(0, 1).toUpperCase(Locale.ROOT));
            for (String name : rows.group(1).replace("`", "").split(", ", -1)) {
                CachePolicy policy =
                        (CachePolicy) CachePolicy.class.getField(name).get(null);
                assertThat(policy.times().fresh()).as(name).isEqualTo(time);
                assertThat(policy.bounds().localEntries()).as(name).isEqualTo(1_000);
                policies++;
            }
        }
        assertThat(policies).isEqualTo(10);
    }

    @Test
    void everyLineOfThePageIsInThisTest() throws IOException {
        List<String> mine = stripped(Files.readString(Path.of("src/test/java/dev/tidemill/cache/CachePageTest.java")));
        List<String> shown = new ArrayList<>();
        Matcher blocks = BLOCK.matcher(Files.readString(Path.of("../../docs/cache.md")));
        while (blocks.find()) {
            shown.addAll(stripped(blocks.group(1)));
        }
        shown.remove("Caches caches = Caches.on(dataSource).open();");
        // The page's lines about Valkey are compiled in that room: ValkeyPageTest.
        shown.removeIf(line -> line.contains("ValkeyTier") || line.contains(".shared(tier)"));
        assertThat(shown).hasSizeGreaterThan(25);
        assertThat(mine).containsAll(shown);
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
}
