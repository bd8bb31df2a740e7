package dev.tidemill.server.caches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpServer;
import dev.tidemill.cache.CacheError;
import dev.tidemill.cache.CacheException;
import dev.tidemill.cache.Source;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Caches that a file names, and origins behind addresses. */
@ExtendWith(FreshSchema.class)
final class CachesFileTest {
    private static final Map<String, String> ENVIRONMENT = Map.of("SHOP_TOKEN", "s3cret");

    private final TestDatabase database;
    private final HttpServer origin;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private volatile int status = 200;
    private @Nullable ServedCaches served;

    CachesFileTest(TestDatabase database) throws IOException {
        this.database = database;
        this.origin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        origin.createContext("/", exchange -> {
            asked.add(exchange.getRequestURI().getRawPath() + " "
                    + exchange.getRequestHeaders().getFirst("Authorization"));
            byte[] body = "<p>text</p>".getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
            exchange.getResponseHeaders().set("Location", "/elsewhere");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        origin.start();
    }

    @AfterEach
    void stop() {
        origin.stop(0);
        if (served != null) {
            served.caches().close();
        }
    }

    private ServedCaches open(String text) {
        ServedCaches opened = CachesFile.open(
                "caches.yaml",
                text.replace(
                        "{origin}", "http://127.0.0.1:" + origin.getAddress().getPort()),
                database.dataSource(),
                database.schema(),
                ENVIRONMENT::get);
        served = opened;
        return opened;
    }

    private Shelf pages(String name) {
        return open("caches:\n  " + name + """
                :
                    origin: '{origin}/pages/{key}'
                    headers: { Authorization: 'Bearer ${SHOP_TOKEN}' }
                    fresh: PT5M
                    stale_if_error: PT30M
                    absent: PT0S
                    timeout: PT2S
                    entries: 10
                    value_bytes: 1000
                    client_age: PT1M
                """).served(name).orElseThrow();
    }

    @Test
    void anOriginIsAskedForTheEncodedKeyWithItsHeaders() {
        Shelf pages = pages("one");
        Shelf.Served first = pages.ask("a b/../ä?x#y");
        Document document = Objects.requireNonNull(first.document());
        assertThat(new String(document.body(), StandardCharsets.UTF_8)).isEqualTo("<p>text</p>");
        assertThat(document.mediaType()).isEqualTo("text/html; charset=utf-8");
        assertThat(asked).containsExactly("/pages/a%20b%2F..%2F%C3%A4%3Fx%23y Bearer s3cret");
        assertThat(pages.ask("a b/../ä?x#y").how().source()).isEqualTo(Source.LOCAL);
        assertThat(pages.clientAge()).hasMinutes(1);
        assertThat(pages.cache().policy().bounds().localEntries()).isEqualTo(10);
    }

    @Test
    void aKeyThatWouldBeAnotherPathHasNoValue() {
        assertThat(pages("two").ask("..").document()).isNull();
        assertThat(asked).isEmpty();
    }

    @Test
    void whatTheOriginDoesNotHaveIsAbsentAndWhatFailsIsNot() {
        Shelf pages = pages("three");
        status = 404;
        assertThat(pages.ask("x").document()).isNull();
        for (int wrong : List.of(500, 302, 403)) {
            status = wrong;
            assertThatExceptionOfType(CacheException.class)
                    .isThrownBy(() -> pages.ask("x"))
                    .satisfies(failed -> assertThat(failed.error()).isEqualTo(CacheError.LOAD_FAILED))
                    .withMessageContaining("status " + status);
        }
        assertThat(asked).noneMatch(one -> one.contains("elsewhere"));
    }

    @Test
    void anAnswerThatIsTooLongIsRefused() {
        Shelf small = open("""
                caches:
                  small: { origin: '{origin}/{key}', fresh: PT1M, value_bytes: 10 }
                """).served("small").orElseThrow();
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> small.ask("x"))
                .withMessageContaining("longer than 10 bytes");
    }

    @Test
    void documentsAreKeptAsTheyAre() {
        Shelf pages = pages("four");
        byte[] bytes = {0, -1, 7, 13};
        pages.put("k", new Document("image/x-thing; v=1", bytes), null, Set.of("t"));
        Document here = Objects.requireNonNull(pages.ask("k").document());
        assertThat(here.mediaType()).isEqualTo("image/x-thing; v=1");
        assertThat(here.body()).isEqualTo(bytes);
        DocumentCodec codec = new DocumentCodec();
        Document again = (Document) codec.read(codec.write(new Document("a/b", bytes)), Document.class);
        assertThat(again.mediaType()).isEqualTo("a/b");
        assertThat(again.body()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "caches: [] | must have 'caches'",
                "other: {} | must have 'caches'",
                "{caches: {}, other: {}} | must have 'caches'",
                "{caches: {}, valkey: yes} | either 'server'",
                "{caches: {}, valkey: {server: 'redis://a', cluster: []}} | either 'server'",
                "{caches: {}, valkey: {server: 'redis://a', colour: red}} | either 'server'",
                "{caches: {}, valkey: {cluster: []}} | 0 servers",
                "{caches: {}, valkey: {server: 7}} | no text",
                "{caches: {}, valkey: {server: 'redis://:${NONE}@a'}} | names the variable NONE for 'valkey'",
                "{caches: {}, valkey: {server: 'http://:s3cret@a'}} | an address that is none",
                "{caches: {}, valkey: {server: 'redis://a', timeout: PT2M}} | a timeout from",
                "'caches: {a: {fresh: PT1M}' | is no YAML",
                "caches: {a: 7} | has no settings for the cache 'a'",
                "caches: {a: {}} | a text as 'fresh'",
                "caches: {a: {fresh: soon}} | a duration such as PT5M as 'fresh'",
                "caches: {a: {fresh: PT0S}} | at least a millisecond",
                "caches: {a: {fresh: PT3H}} | the log of invalidations is kept for 120",
                "caches: {a: {fresh: PT1M, colour: red}} | says 'colour'",
                "caches: {a: {fresh: PT1M, entries: many}} | a whole number as 'entries'",
                "caches: {a: {fresh: PT1M, origin: 'ftp://host/{key}'}} | is no address to load from",
                "caches: {a: {fresh: PT1M, origin: 'https://{key}.example/x'}} | is no address to load from",
                "caches: {a: {fresh: PT1M, origin: 'https://host/x'}} | is no address to load from",
                "caches: {a: {fresh: PT1M, origin: 'https://me:pw@host/{key}'}} | is no address to load from",
                "caches: {a: {fresh: PT1M, origin: 'https://host/{key}', headers: {X: '${NONE}'}}} | names the variable NONE",
                "caches: {a: {fresh: PT1M, origin: 'https://host/{key}', headers: {Host: x}}} | cannot be sent",
                "caches: {a: {fresh: PT1M, origin: 'https://host/{key}', headers: {X: 7}}} | that is no text",
            })
    void whatAFileMayNotSayIsToldByTheCacheAndTheSetting(String text, String said) {
        assertThatExceptionOfType(TidemillException.class)
                .isThrownBy(() -> open(text))
                .withMessageContaining("caches.yaml")
                .withMessageContaining(said)
                .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("s3cret"));
    }
}
