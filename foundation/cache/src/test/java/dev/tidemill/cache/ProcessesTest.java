package dev.tidemill.cache;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Nodes that are processes of their own: crowded, killed and frozen. */
@ExtendWith(FreshSchema.class)
final class ProcessesTest {
    private final TestDatabase database;
    private final Site site;
    private final List<Node> nodes = new ArrayList<>();

    ProcessesTest(TestDatabase database) {
        this.database = database;
        this.site = new Site(database);
    }

    /** A process, and what it says. */
    private record Node(Process process, BufferedReader lines) {
        void say(String line) throws IOException {
            process.outputWriter().write(line + "\n");
            process.outputWriter().flush();
        }

        String hear() throws IOException {
            String line = lines.readLine();
            while (line != null && !line.matches("(ready|got|crowd).*")) {
                line = lines.readLine();
            }
            return String.valueOf(line);
        }

        void signal(String name) throws IOException, InterruptedException {
            assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        }
    }

    @BeforeEach
    void prepare() throws SQLException {
        site.caches().open().close();
        site.run("drop table if exists {schema}.thing, {schema}.origin_call");
        site.makeThings();
        site.run("create table {schema}.origin_call (key text)");
        site.run("truncate {schema}.cache_entry, {schema}.cache_fill");
    }

    @AfterEach
    void end() {
        nodes.forEach(node -> node.process.destroyForcibly());
    }

    private Node start() throws IOException {
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx96m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        NodeProcess.class.getName(),
                        database.jdbcUrl(),
                        database.user(),
                        database.schema())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        command.environment().put("NODE_PASSWORD", database.password());
        Process process = command.start();
        Node node = new Node(process, process.inputReader());
        nodes.add(node);
        return node;
    }

    private long calls() throws SQLException {
        return site.number("select count(*) from {schema}.origin_call");
    }

    @Test
    void aThousandConcurrentMissesInFourProcessesAreOneCallOfTheOrigin() throws Exception {
        List<Node> four = List.of(start(), start(), start(), start());
        for (Node node : four) {
            assertThat(node.hear()).isEqualTo("ready");
        }
        for (Node node : four) {
            node.say("crowd a 250 2");
        }
        for (Node node : four) {
            assertThat(node.hear()).isEqualTo("crowd 1");
        }
        assertThat(calls()).isEqualTo(1);
    }

    @Test
    void whatAKilledProcessWasLoadingAnotherLoads() throws Exception {
        Node first = start();
        assertThat(first.hear()).isEqualTo("ready");
        first.say("get a 60");
        Awaitility.await().atMost(ofSeconds(30)).until(() -> calls() == 1);
        try (Caches caches = site.caches().tierTimeout(ofSeconds(20)).open()) {
            Cache<String, Long> cache = caches.cache("things", Keys.STRINGS, ValueType.of(Long.class))
                    .policy(CachePolicy.STATIC.timeout(ofMinutes(2)))
                    .open();
            first.process.destroyForcibly().waitFor();
            // The claim does not end before it was seen that it is waited for, however slow the machine is.
            site.run("update {schema}.cache_fill set until = until + interval '1 h'");
            FutureTask<Long> getting = new FutureTask<>(() -> cache.get("a", key -> 5L));
            Thread.ofVirtual().start(getting);
            Awaitility.await().atMost(ofSeconds(30)).until(() -> cache.stats().awaitedOthers() == 1);
            assertThat(getting.isDone()).isFalse();
            site.run("update {schema}.cache_fill set until = until - interval '1 h'");
            assertThat(getting.get(40, TimeUnit.SECONDS)).isEqualTo(5L);
            assertThat(cache.stats().awaitedOthers()).isEqualTo(1);
        }
    }

    @Test
    void aFrozenProcessDoesNotServeWhatItHadWhenItWakesUp() throws Exception {
        Node frozen = start();
        assertThat(frozen.hear()).isEqualTo("ready");
        frozen.say("get a 0");
        assertThat(frozen.hear()).isEqualTo("got 0 ORIGIN");
        // Not at once if it has not looked for as long as its bound: then it asks what is shared first.
        Awaitility.await().atMost(ofSeconds(30)).until(() -> {
            frozen.say("get a 0");
            return frozen.hear().equals("got 0 LOCAL");
        });
        frozen.signal("STOP");
        try (Caches caches = site.caches().open();
                Connection connection = site.begin()) {
            Cache<String, Long> cache = caches.cache("things", Keys.STRINGS, ValueType.of(Long.class))
                    .open();
            site.raise(connection, "a");
            cache.invalidate(connection, "a");
            connection.commit();
        }
        long committed = System.nanoTime();
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> System.nanoTime() - committed > ofMillis(700).toNanos());
        frozen.say("get a 0");
        frozen.signal("CONT");
        assertThat(frozen.hear()).startsWith("got 1 ");
    }
}
