package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
@Timeout(60)
final class LivePageTest {
    private static final String ATTACK = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";

    private final ServerUnderTest server;

    LivePageTest(TestDatabase database) {
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.nodeName("<b>node</b>")
                        .handleJson("Fine", (json, run) -> {})
                        .handleJson("Fail", (json, run) -> {
                            throw Retry.never(ATTACK);
                        }),
                settings -> settings.maxLivePages(2));
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private long deadLetter() {
        long id = server.mill.enqueue(new JobRequest("Fail", "{}"));
        await().until(() -> server.mill.job(id).orElseThrow().state() == JobState.DEAD);
        return id;
    }

    private static String readUntil(BufferedReader lines, Predicate<String> enough) throws IOException {
        StringBuilder text = new StringBuilder();
        while (!enough.test(text.toString())) {
            text.append(lines.readLine()).append('\n');
        }
        return text.toString();
    }

    private HttpResponse<InputStream> watch() throws IOException, InterruptedException {
        return server.open(server.to("/events"));
    }

    private static BufferedReader lines(HttpResponse<InputStream> stream) {
        return new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8));
    }

    @Test
    void theEmptyPageTellsANewcomerWhatToDo() {
        // Other tests of this class may have left jobs: the example is on the page as long as there are none.
        String page = server.get("/").body();
        assertThat(page).contains("<h1", "Queues", "Latest attempts", "Dead letters");
        if (server.mill.latestAttempts(1).isEmpty()) {
            assertThat(page).contains("curl " + server.server.url() + "/api/v1/jobs");
        }
    }

    @Test
    void whatAJobSaysIsShownAsTextNeverAsMarkup() {
        long id = deadLetter();
        await().untilAsserted(() -> {
            String page = server.get("/").body();
            assertThat(page)
                    .contains("#" + id, "&lt;script&gt;alert")
                    .doesNotContain("<script>alert", "<img src=x", "<b>node</b>");
        });
    }

    @Test
    void aPageThatWatchesIsSentWhatChanges() throws IOException, InterruptedException {
        HttpResponse<InputStream> stream = watch();
        assertThat(stream.headers().firstValue("Content-Type")).contains("text/event-stream");
        try (BufferedReader lines = lines(stream)) {
            readUntil(lines, text -> text.contains("event: summary") && text.contains("event: nodes"));
            long id = server.mill.enqueue(new JobRequest("Fine", "{}"));
            String row = ">" + id + "</a>";
            readUntil(lines, text -> text.contains(row) && text.indexOf("succeeded", text.indexOf(row)) > 0);
        }
    }

    @Test
    void moreThanTheAllowedPagesAreTurnedAwayUntilOneLeaves() throws IOException, InterruptedException {
        try (InputStream first = watch().body();
                InputStream second = watch().body()) {
            assertThat(first.read()).isPositive();
            assertThat(second.read()).isPositive();
            HttpResponse<InputStream> third = watch();
            assertThat(third.statusCode()).isEqualTo(503);
            assertThat(third.headers().firstValue("Retry-After")).isPresent();
            third.body().close();
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> {
            HttpResponse<InputStream> again = watch();
            again.body().close();
            return again.statusCode() == 200;
        });
    }

    @Test
    void aPageThatStillWatchesDoesNotKeepTheServerFromStopping() throws IOException, InterruptedException {
        try (BufferedReader lines = lines(watch())) {
            readUntil(lines, text -> text.contains("event: summary"));
            long began = System.nanoTime();
            server.server.stop();
            // What it waited for in vain would be given ten seconds.
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void filesAreKeptForGoodUnderTheAddressThatThePageGives() {
        String page = server.get("/").body();
        String path =
                page.substring(page.indexOf("/assets/htmx.js"), page.indexOf('"', page.indexOf("/assets/htmx.js")));
        HttpResponse<String> file = server.get(path);
        assertThat(file.body()).contains("htmx");
        assertThat(file.headers().firstValue("Content-Type").orElse("")).startsWith("text/javascript");
        assertThat(file.headers().firstValue("Cache-Control").orElse("")).contains("immutable");
        String tag = file.headers().firstValue("ETag").orElseThrow();
        HttpResponse<String> same = server.send(server.to(path).header("If-None-Match", tag));
        assertThat(same.statusCode()).isEqualTo(304);
        assertThat(server.get("/assets/htmx.js").headers().firstValue("Cache-Control"))
                .contains("no-cache");
        HttpResponse<InputStream> packed = openPacked(path);
        assertThat(packed.headers().firstValue("Content-Encoding")).contains("gzip");
    }

    private HttpResponse<InputStream> openPacked(String path) {
        try {
            return server.open(server.to(path).header("Accept-Encoding", "gzip"));
        } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException(failed);
        }
    }
}
