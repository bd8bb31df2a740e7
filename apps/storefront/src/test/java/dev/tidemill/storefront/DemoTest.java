package dev.tidemill.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The demo as a person starts, ends and kills it. */
@Timeout(300)
class DemoTest {
    @TempDir
    private Path data;

    @Test
    void itPrintsOneLineServesItsPagesAndEndsByItself() throws Exception {
        try (DemoProcess demo = DemoProcess.start(data, "--for", "15s")) {
            assertThat(demo.line().propertyNames()).containsExactly("url", "admin_url", "mail_url", "data");
            assertThat(demo.get("/").body()).contains("On the shelf");
            assertThat(demo.line().path("data").asString()).isEqualTo(data.toString());
            assertThat(HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(URI.create(demo.line()
                                                    .path("admin_url")
                                                    .asString()))
                                            .build(),
                                    BodyHandlers.ofString())
                            .statusCode())
                    .isEqualTo(200);
            // Visitors come by themselves.
            await().atMost(Duration.ofSeconds(12))
                    .until(() -> demo.get("/mail/list").body().contains("Your order"));

            assertThat(demo.rest()).isEmpty();
            assertThat(demo.exitCode()).isZero();
        }
    }

    @Test
    void whatWasPromisedBeforeASigkillIsSentAfterIt() throws Exception {
        List<String> promised = new ArrayList<>();
        try (DemoProcess demo = DemoProcess.start(data, "--no-traffic")) {
            AtomicBoolean killed = new AtomicBoolean();
            try (ExecutorService crowd = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int client = 0; client < 4; client++) {
                    int number = client;
                    crowd.execute(() -> signUpUntilKilled(demo, number, killed, promised));
                }
                await().atMost(Duration.ofSeconds(60)).until(() -> size(promised) >= 60);
                demo.kill();
                killed.set(true);
            }
        }
        assertThat(promised).hasSizeBetween(60, 200);

        try (DemoProcess again = DemoProcess.start(data, "--no-traffic")) {
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                for (String email : promised) {
                    String list = again.get("/mail/list?to=" + email).body();
                    assertThat(list).as(email).contains("is your code").contains("Welcome to Storefront");
                }
            });
            endsCleanly(again);
        }

        try (DemoProcess third = DemoProcess.start(data, "--no-traffic")) {
            assertThat(third.get("/mail/list").body())
                    .as("mails outlive a start")
                    .contains("mail-to");
            endsCleanly(third);
        }
    }

    /** At most 50 a client: the mail page keeps the newest 500. */
    private static void signUpUntilKilled(DemoProcess demo, int client, AtomicBoolean killed, List<String> promised) {
        for (int n = 0; n < 50 && !killed.get(); n++) {
            String email = "client-" + client + "-" + n + "@example.com";
            try {
                if (demo.post("/api/signup", Map.of("name", "Kay", "email", email))
                                .statusCode()
                        == 201) {
                    synchronized (promised) {
                        promised.add(email);
                    }
                }
            } catch (Exception gone) {
                return;
            }
        }
    }

    private static int size(List<String> list) {
        synchronized (list) {
            return list.size();
        }
    }

    /** By SIGTERM, like Ctrl-C: the JVM ends with 143 for it, after the database has stopped. */
    private void endsCleanly(DemoProcess demo) throws Exception {
        assertThat(demo.interrupt()).isEqualTo(143);
        try (Stream<Path> files = Files.walk(data)) {
            assertThat(files.filter(file -> file.endsWith("postmaster.pid"))).isEmpty();
        }
    }

    @Test
    void aTakenPortIsToldAtOnce() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ByteArrayOutputStream errors = new ByteArrayOutputStream();
            CommandLine demo = Demo.command(new Demo(new PrintWriter(System.out, true, StandardCharsets.UTF_8)))
                    .setErr(new PrintWriter(errors, true, StandardCharsets.UTF_8));

            int exit = demo.execute("--port", Integer.toString(taken.getLocalPort()), "--data", data.toString());

            assertThat(exit).isEqualTo(1);
            assertThat(errors.toString(StandardCharsets.UTF_8))
                    .contains("Port " + taken.getLocalPort() + " of 127.0.0.1 is taken")
                    .contains("--port 0");
            assertThat(data.resolve("postgres")).doesNotExist();
        }
    }
}
