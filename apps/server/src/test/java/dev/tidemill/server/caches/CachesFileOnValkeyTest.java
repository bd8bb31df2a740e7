package dev.tidemill.server.caches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.cache.Source;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A file that names a Valkey, asked for a password, as the tier that all processes share. */
@ExtendWith(FreshSchema.class)
@Tag("redis")
final class CachesFileOnValkeyTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String PASSWORD = "open:sesame";
    private static final Map<String, String> ENVIRONMENT = Map.of("VALKEY_PASSWORD", "open%3Asesame");

    private final TestDatabase database;
    private final int port;
    private Process redis;

    @TempDir
    private Path folder;

    CachesFileOnValkeyTest(TestDatabase database) throws IOException {
        this.database = database;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            this.port = free.getLocalPort();
        }
    }

    @BeforeEach
    void start() throws IOException {
        redis = new ProcessBuilder(
                        "redis-server",
                        "--port",
                        Integer.toString(port),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--requirepass",
                        PASSWORD,
                        "--dir",
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    @AfterEach
    void stop() {
        redis.destroyForcibly();
    }

    private ServedCaches open() {
        return CachesFile.open(
                "caches.yaml", """
                valkey: { server: 'redis://:${VALKEY_PASSWORD}@127.0.0.1:%d', timeout: PT2S }
                caches:
                  notes: { fresh: PT5M, local: PT0.001S }
                """.formatted(port), database.dataSource(), database.schema(), ENVIRONMENT::get);
    }

    @Test
    void whatOneProcessPutsTheOtherHasFromThereAndAnInvalidationIsHeardByBoth() {
        ServedCaches one = open();
        ServedCaches two = open();
        try (var first = one.caches();
                var second = two.caches()) {
            Shelf here = one.served("notes").orElseThrow();
            Shelf there = two.served("notes").orElseThrow();
            await().atMost(SOON).until(() -> {
                here.put("k", note("one"), null, Set.of());
                SharedTier.Size size = first.sharedSize("notes");
                return size != null && size.entries() == 1;
            });
            assertThat(first.stats().sharedTier()).isEqualTo("valkey");

            assertThat(there.ask("k").how().source()).isEqualTo(Source.SHARED);
            here.cache().invalidateText("k");
            await().atMost(SOON).until(() -> there.ask("k").document() == null);
            assertThat(second.stats().sharedTierAway()).isFalse();
        }
    }

    private static Document note(String text) {
        return new Document("text/plain", text.getBytes(StandardCharsets.UTF_8));
    }
}
