package dev.tidemill.postgres;

import static dev.tidemill.jobs.Parallel.inBatches;
import static dev.tidemill.jobs.Parallel.parallel;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HostLimits;
import dev.tidemill.jobs.HostStats;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.MDC;

/** The code of docs/helpers.md, compiled and run; and a check that it is the same code. */
@ExtendWith(FreshSchema.class)
final class HelpersPageTest {
    record Compare(List<String> shops) {}

    record Import(List<String> rows) {}

    record Call(String path) {}

    record Price(String shop, String job) {}

    /** Whoever knows prices. */
    @FunctionalInterface
    private interface Prices {
        Price ask(String shop) throws InterruptedException;
    }

    private final TestDatabase database;
    private final Sql sql;
    private final HostLimits http = HostLimits.over(HttpClient.newHttpClient());

    HelpersPageTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    private static Handler<Compare> comparing(Prices prices, List<Price> found) {
        return (job, run) -> {
            List<Callable<Price>> calls = job.shops().stream()
                    .map(shop -> (Callable<Price>) () -> prices.ask(shop))
                    .toList();
            List<Price> asked = parallel(calls, 10);
            found.addAll(asked);
        };
    }

    private <T> Tidemill start(Class<T> type, Handler<T> handler) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(type, handler)
                .start();
    }

    @Test
    void tasksKnowTheirJob() {
        List<Price> found = new CopyOnWriteArrayList<>();
        try (Tidemill mill = start(Compare.class, comparing(shop -> new Price(shop, MDC.get("job")), found))) {
            long id = mill.enqueue(new Compare(List.of("a", "b", "c")));
            Jobs.in(mill, id, JobState.SUCCEEDED);
            String job = Long.toString(id);
            assertThat(found).containsExactly(new Price("a", job), new Price("b", job), new Price("c", job));
        }
    }

    @Test
    void cancellingAJobInterruptsItsTasks() {
        CountDownLatch never = new CountDownLatch(1);
        CountDownLatch asking = new CountDownLatch(3);
        AtomicInteger interrupted = new AtomicInteger();
        Prices deaf = shop -> {
            asking.countDown();
            try {
                never.await();
            } catch (InterruptedException told) {
                interrupted.incrementAndGet();
                throw told;
            }
            return new Price(shop, "");
        };
        try (Tidemill mill = start(Compare.class, comparing(deaf, new CopyOnWriteArrayList<>()))) {
            long id = mill.enqueue(new Compare(List.of("a", "b", "c")));
            await().atMost(Jobs.SOON).until(() -> asking.getCount() == 0);
            mill.cancel(id);
            Jobs.in(mill, id, JobState.CANCELLED);
            await().atMost(Jobs.SOON).until(() -> interrupted.get() == 3);
        }
    }

    private void insertAll(Connection connection, List<String> rows) throws SQLException {
        for (String row : rows) {
            sql.run(connection, "insert into {schema}.imported values ('" + row + "', " + rows.size() + ")");
        }
    }

    @Test
    void batchesShareATransaction() throws SQLException {
        new Migrations(database.dataSource(), database.schema()).apply();
        sql.run("create table {schema}.imported (row text, batch integer)");
        Handler<Import> handler = (job, run) -> {
            List<String> rows = job.rows();
            try (Connection connection = database.dataSource().getConnection()) {
                connection.setAutoCommit(false);
                inBatches(rows, 50, batch -> insertAll(connection, batch));
                run.completeIn(connection);
                connection.commit();
            }
        };
        try (Tidemill mill = start(Import.class, handler)) {
            long id = mill.enqueue(
                    new Import(IntStream.range(0, 120).mapToObj(i -> "r" + i).toList()));
            Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(sql.number("select count(*) from {schema}.imported where batch = 50"))
                    .isEqualTo(100);
            assertThat(sql.number("select count(*) from {schema}.imported where batch = 20"))
                    .isEqualTo(20);
        }
    }

    @Test
    void aProviderThatAsksForTimeGetsIt() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            boolean first = calls.incrementAndGet() == 1;
            exchange.getResponseHeaders().set("Retry-After", "1");
            exchange.sendResponseHeaders(first ? 429 : 204, -1);
            exchange.close();
        });
        server.start();
        Handler<Call> handler = (job, run) -> {
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + server.getAddress().getPort() + job.path()))
                    .build();
            HttpResponse<String> answer = HostLimits.heed(http.send(request, BodyHandlers.ofString()));
            run.result(Map.of("status", answer.statusCode()));
        };
        try (Tidemill mill = start(Call.class, handler)) {
            long id = mill.enqueue(new Call("/"));
            assertThat(Jobs.outcomes(Jobs.in(mill, id, JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.SNOOZED, AttemptOutcome.SUCCEEDED);
            assertThat(mill.heap())
                    .hasValueSatisfying(heap -> assertThat(heap.holding()).isFalse());
        } finally {
            server.stop(0);
        }
    }

    @Test
    void handlersThatWaitForAProviderAreTold() throws IOException {
        HostLimits http = HostLimits.over(HttpClient.newHttpClient()).perHost(1);
        CountDownLatch answer = new CountDownLatch(1);
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            await().atMost(Jobs.SOON).until(() -> answer.getCount() == 0);
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        server.start();
        URI provider = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
        Handler<Call> handler =
                (job, run) -> http.send(HttpRequest.newBuilder(provider).build(), BodyHandlers.discarding());
        try (Tidemill mill = start(Call.class, handler)) {
            List<Long> ids = mill.enqueueAll(List.of(new Call("/"), new Call("/"), new Call("/")));
            await().atMost(Jobs.SOON).untilAsserted(() -> {
                List<HostStats> crowded =
                        http.stats().stream().filter(host -> host.waiting() > 0).toList();
                assertThat(crowded).containsExactly(new HostStats("127.0.0.1", 1, 2, 1));
            });
            answer.countDown();
            ids.forEach(id -> Jobs.in(mill, id, JobState.SUCCEEDED));
            assertThat(http.stats()).isEmpty();
        } finally {
            answer.countDown();
            server.stop(0);
        }
    }

    @Test
    void thePageShowsThisCode() throws IOException {
        DocumentedCode.isIn(HelpersPageTest.class, DocumentedCode.text("docs/helpers.md"), 5);
    }
}
