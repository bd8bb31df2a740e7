package dev.tidemill.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.chaos.Duties.Post;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.Tidemill;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A worker in a process of its own. Says on its output what it and its handlers do, one line each; takes {@code stop}
 * and words for its {@link Duties} on its input, and ends when that ends, so that it never outlives who started it.
 */
public final class Worker {
    /** Holds the database's address, which has a password in it: arguments are for all to see. */
    static final String URL_VARIABLE = "TIDEMILL_CHAOS_URL";

    private static final int CONNECTIONS = 16;

    private Worker() {}

    /** Schema, name, heartbeat and death in milliseconds, concurrency, class of the duties. */
    public static void main(String[] arguments) throws Exception {
        String url = Objects.requireNonNull(System.getenv(URL_VARIABLE), URL_VARIABLE + " is not set");
        Duties duties = Class.forName(arguments[5])
                .asSubclass(Duties.class)
                .getDeclaredConstructor()
                .newInstance();
        DataSource pool = duties.pooled() ? pool(url, arguments[1]) : plain(url, arguments[1]);
        CompletableFuture<Tidemill> started = new CompletableFuture<>();
        Post post = new Post(pool, arguments[0], Integer.parseInt(arguments[4]), started);
        Tidemill mill = duties.assign(Tidemill.on(pool).schema(arguments[0]).nodeName(arguments[1]), post)
                .heartbeat(
                        Duration.ofMillis(Integer.parseInt(arguments[2])),
                        Duration.ofMillis(Integer.parseInt(arguments[3])))
                .start();
        started.complete(mill);
        say("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        String line;
        while ((line = input.readLine()) != null) {
            if (line.equals("stop")) {
                mill.stop(Duration.ofSeconds(5));
                say("stopped");
                System.exit(0);
            }
            duties.hear(line);
        }
        Runtime.getRuntime().halt(3);
    }

    /** What an application would have: the engine's eight connections and some for the handlers. */
    private static DataSource pool(String url, String name) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.addDataSourceProperty("ApplicationName", name);
        config.setMaximumPoolSize(CONNECTIONS);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    private static DataSource plain(String url, String name) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        source.setApplicationName(name);
        return source;
    }

    /** Says what a handler does. */
    static void tell(String what, Run run) {
        say(what + " " + run.jobId() + " " + run.attempt());
    }

    /** Says what a handler of chunks does with one of its jobs. */
    static void tell(String what, Chunk.Item<?> item) {
        say(what + " " + item.jobId() + " " + item.attempt());
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
