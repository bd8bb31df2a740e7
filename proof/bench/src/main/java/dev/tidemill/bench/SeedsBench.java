package dev.tidemill.bench;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.storefront.MailMode;
import dev.tidemill.storefront.SmtpSettings;
import dev.tidemill.storefront.Storefront;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** The promises of the plans that Tidemill grew from, one method each. */
final class SeedsBench {
    private static final Duration MAIL_DELAY = Duration.ofMillis(250);
    private static final int SIGN_UPS = 200;
    private static final int WARM_UP = 40;
    private static final int CLIENTS = 4;
    private static final int BACKLOG = 1_000_000;
    private static final int URGENT = 250;
    private static final int FLAKY = 2_000;

    private final Target target;
    private final PrintStream progress;
    private final String schema = "tidemill_seeds_" + Long.toString(System.nanoTime(), 36);

    SeedsBench(Target target, PrintStream progress) {
        this.target = target;
        this.progress = progress;
    }

    List<SeedRow> run() throws Exception {
        try {
            return List.of(signUp(), underLoad(), completed());
        } finally {
            dropSchema();
        }
    }

    private SeedRow signUp() throws Exception {
        ServerSetup smtp = new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP);
        GreenMail mail = new GreenMail(smtp);
        mail.start();
        try (SlowRelay relay = new SlowRelay(mail.getSmtp().getPort(), MAIL_DELAY)) {
            say("signing up with the e-mails sent inline");
            Map<String, Double> naive = signUps(relay.port(), MailMode.INLINE);
            say("signing up with the e-mails sent by jobs");
            Map<String, Double> ours = signUps(relay.port(), MailMode.JOB);
            return new SeedRow(
                    "sign-up request",
                    "e-mail no longer blocks the response; < 200 ms, p95 < 400 ms",
                    millis(naive),
                    millis(ours),
                    SIGN_UPS + " sign-ups by " + CLIENTS + " clients, two e-mails each, through a mail server that"
                            + " takes " + MAIL_DELAY.toMillis() + " ms to greet");
        } finally {
            mail.stop();
        }
    }

    private Map<String, Double> signUps(int smtpPort, MailMode mode) throws Exception {
        Micros waits = new Micros();
        try (Storefront shop = Storefront.builder(target.dataSource(), SmtpSettings.plain("127.0.0.1", smtpPort))
                        .mailMode(mode)
                        .start();
                HttpClient client = HttpClient.newHttpClient()) {
            AtomicLong left = new AtomicLong(SIGN_UPS + WARM_UP);
            String run = mode + Long.toString(System.nanoTime(), 36);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    long number;
                    while ((number = left.decrementAndGet()) >= 0) {
                        long took = signUp(client, shop.url(), run + number);
                        if (number < SIGN_UPS) {
                            waits.add(took);
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        return waits.percentiles();
    }

    private static long signUp(HttpClient client, String url, String name) {
        String body = "{\"name\":\"Sample " + name.replaceAll("[0-9]", "") + "\",\"email\":\""
                + name.toLowerCase(Locale.ROOT) + "@example.com\"}";
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/api/signup"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        long start = Micros.now();
        try {
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() >= 300) {
                throw new IllegalStateException("The shop answered " + response.statusCode() + ": " + response.body());
            }
            return Micros.now() - start;
        } catch (IOException failed) {
            throw new IllegalStateException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    /** Urgent jobs behind a backlog that is late already: in line with it, and with priorities. */
    private SeedRow underLoad() {
        say("picking up urgent jobs behind " + BACKLOG + " late ones, first come, first served");
        Map<String, Double> naive = urgent(Priority.LOW, Priority.LOW);
        say("picking up urgent jobs behind them by priority");
        Map<String, Double> critical = urgent(Priority.LOW, Priority.CRITICAL);
        Map<String, Double> high = urgent(Priority.LOW, Priority.HIGH);
        return new SeedRow(
                "pick-up of urgent jobs under load",
                "CRITICAL at once, HIGH within 30 s",
                millis(naive),
                "CRITICAL " + millis(critical) + "; HIGH " + millis(high),
                URGENT + " urgent jobs, 50 a second, behind " + BACKLOG
                        + " overdue LOW no-op jobs; naive: all in one lane");
    }

    private Map<String, Double> urgent(Priority backlog, Priority urgent) {
        Micros waits = new Micros();
        Priorities late = Priorities.standard().deadline(Priority.LOW, Duration.ZERO);
        TidemillBuilder builder = Tidemill.on(target.dataSource())
                .schema(schema)
                .priorities(late)
                .handle(Order.class, (order, run) -> {
                    if (order.sentMicros() > 0) {
                        waits.add(Micros.now() - order.sentMicros());
                    }
                });
        try (Tidemill loader =
                Tidemill.on(target.dataSource()).schema(schema).priorities(late).start()) {
            for (int i = 0; i < BACKLOG; i += 10_000) {
                List<Order> orders = new ArrayList<>();
                for (int j = 0; j < 10_000; j++) {
                    orders.add(Order.numbered(i + j));
                }
                loader.enqueueAll(orders, EnqueueOptions.priority(backlog));
            }
        }
        try (Tidemill mill = builder.start()) {
            long next = System.nanoTime();
            for (int i = 0; i < URGENT; i++) {
                mill.enqueue(Order.at(Micros.now(), i), EnqueueOptions.priority(urgent));
                next += 20_000_000;
                Load.awaitNanoTime(next);
            }
            while (waits.count() < URGENT) {
                LockSupport.parkNanos(5_000_000);
            }
        }
        dropSchema();
        return waits.percentiles();
    }

    /** Jobs of which one try in twenty fails, in a process that is killed halfway and started again. */
    private SeedRow completed() {
        say("running jobs that fail at times in a process that is killed, in memory");
        Set<String> naive = new HashSet<>();
        try (Child child = Child.start(target.url(), List.of(), "memory", schema, Integer.toString(FLAKY))) {
            while (naive.size() < FLAKY / 2) {
                naive.add(child.await("ended"));
            }
            child.kill();
        }
        say("running them on Tidemill");
        Set<String> ours = new HashSet<>();
        try (Tidemill mill = Tidemill.on(target.dataSource()).schema(schema).start()) {
            List<Flaky> jobs = new ArrayList<>();
            for (int i = 0; i < FLAKY; i++) {
                jobs.add(new Flaky(i));
            }
            mill.enqueueAll(jobs);
            Child first = Child.start(target.url(), List.of(), "flaky", schema);
            while (ours.size() < FLAKY / 2) {
                ours.add(first.await("ended"));
            }
            first.kill();
            try (Child second = Child.start(target.url(), List.of(), "flaky", schema)) {
                while (open() > 0) {
                    LockSupport.parkNanos(50_000_000);
                }
                second.say("end");
            }
        }
        long done = target.number("select count(distinct job) from " + schema + ".attempt where outcome = 0");
        return new SeedRow(
                "jobs completed",
                "99.9 %",
                percent(naive.size()),
                percent(done),
                FLAKY + " jobs, every try fails with a chance of 5 %, the process is killed at half of them and started"
                        + " again; naive: a thread pool in memory; ours: three attempts");
    }

    private long open() {
        return target.number("select (select count(*) from " + schema + ".ready) + (select count(*) from " + schema
                + ".scheduled) + (select count(*) from " + schema + ".lease)");
    }

    private static String percent(long done) {
        return String.format(Locale.ROOT, "%.2f %%", done * 100.0 / FLAKY);
    }

    private static String millis(Map<String, Double> percentiles) {
        return String.format(
                Locale.ROOT,
                "p50 %,.1f ms, p95 %,.1f ms, p99 %,.1f ms",
                percentiles.get("p50"),
                percentiles.get("p95"),
                percentiles.get("p99"));
    }

    private void dropSchema() {
        target.execute("drop schema if exists " + schema + " cascade");
    }

    private void say(String what) {
        progress.println("… " + what);
    }
}
