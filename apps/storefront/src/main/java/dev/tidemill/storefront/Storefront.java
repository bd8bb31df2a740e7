package dev.tidemill.storefront;

import dev.tidemill.cache.Caches;
import dev.tidemill.cache.WarmUps;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.caches.WarmUpJobs;
import dev.tidemill.storefront.catalogue.Catalogue;
import dev.tidemill.storefront.mail.InlineMail;
import dev.tidemill.storefront.mail.MailHandlers;
import dev.tidemill.storefront.mail.Mailroom;
import dev.tidemill.storefront.mail.SmtpClient;
import dev.tidemill.storefront.processes.Processes;
import dev.tidemill.storefront.shop.Customers;
import dev.tidemill.storefront.shop.Members;
import dev.tidemill.storefront.shop.Migrations;
import dev.tidemill.storefront.shop.OneTimeCodes;
import dev.tidemill.storefront.shop.Orders;
import dev.tidemill.storefront.shop.Transactions;
import dev.tidemill.storefront.shop.Visits;
import dev.tidemill.storefront.web.Backstage;
import dev.tidemill.storefront.web.CataloguePages;
import dev.tidemill.storefront.web.MemberApi;
import dev.tidemill.storefront.web.MemberPages;
import dev.tidemill.storefront.web.Routes;
import dev.tidemill.storefront.web.ShopApi;
import dev.tidemill.storefront.web.ShopPages;
import dev.tidemill.storefront.web.SignInPages;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.HttpRouting;
import java.net.InetAddress;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The sample shop: pages and JSON over HTTP on the loopback address, its tables in the schema {@code shop}, its e-mails
 * sent by jobs, and what follows from its data done by rules.
 *
 * <pre>{@code
 * Storefront shop = Storefront.builder(dataSource, SmtpSettings.plain("localhost", 2525)).start();
 * }</pre>
 *
 * <p>Safe for use by several threads.
 */
public final class Storefront implements AutoCloseable {
    private static final Duration GRACE = Duration.ofSeconds(10);
    /** Prices count for five minutes; a third of that, with some to spare. */
    private static final Duration WARM_AGAIN = Duration.ofMinutes(1);

    private static final int MAX_BODY_BYTES = 64 << 10;

    private final Tidemill mill;
    private final @Nullable Rules rules;
    private final Caches caches;
    private final Catalogue catalogue;
    private final Members members;
    private final WebServer web;

    private Storefront(
            Tidemill mill, @Nullable Rules rules, Caches caches, Catalogue catalogue, Members members, WebServer web) {
        this.mill = mill;
        this.rules = rules;
        this.caches = caches;
        this.catalogue = catalogue;
        this.members = members;
        this.web = web;
    }

    /** Begins to describe a shop on this database, with this mail server. */
    public static Builder builder(DataSource dataSource, SmtpSettings smtp) {
        return new Builder(dataSource, smtp);
    }

    /** Where it is: {@code http://127.0.0.1:port}, without a slash at the end. */
    public String url() {
        return url(web);
    }

    /** The jobs behind it. */
    public Tidemill mill() {
        return mill;
    }

    /** The rules that follow its data; empty where the mail mode is {@link MailMode#INLINE}. */
    public Optional<Rules> rules() {
        return Optional.ofNullable(rules);
    }

    /** What its pages read from. */
    Caches caches() {
        return caches;
    }

    /** What it sells. */
    Catalogue catalogue() {
        return catalogue;
    }

    /** What it knows of its members. */
    Members members() {
        return members;
    }

    /** Takes no more requests, lets running jobs finish for a while, and stops; what waits is kept for the next start. */
    public void stop() {
        web.stop();
        stop(rules, mill, GRACE, caches);
    }

    /** The same as {@link #stop()}. */
    @Override
    public void close() {
        stop();
    }

    private static void stop(@Nullable Rules rules, @Nullable Tidemill mill, Duration grace, Caches caches) {
        if (rules != null) {
            rules.close();
        }
        if (mill != null) {
            mill.stop(grace);
        }
        caches.close();
    }

    private static String url(WebServer web) {
        return "http://127.0.0.1:" + web.port();
    }

    /** What a shop starts with. For one thread, used once. */
    public static final class Builder {
        private final DataSource dataSource;
        private final SmtpSettings smtp;
        private byte[] secret = randomSecret();
        private int port;
        private MailMode mailMode = MailMode.JOB;
        private Backoff mailBackoff = MailHandlers.patient();
        private BiFunction<Tidemill, Caches, Backstage> backstage = (mill, caches) -> new Backstage(null, null);
        private Consumer<Routes> morePages = routes -> {};

        private Builder(DataSource dataSource, SmtpSettings smtp) {
            this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
            this.smtp = Objects.requireNonNull(smtp, "smtp");
        }

        private static byte[] randomSecret() {
            byte[] bytes = new byte[32];
            new SecureRandom().nextBytes(bytes);
            return bytes;
        }

        /**
         * What one-time codes are made with, at least 16 bytes; the same in every process of the shop and after every
         * start. Without it a random one is made up, and codes that were sent before a restart are void.
         */
        public Builder secret(byte[] value) {
            secret = value.clone();
            return this;
        }

        /** On this port of the loopback address; 0, the default, is any free one. */
        public Builder port(int value) {
            port = value;
            return this;
        }

        /** By job, the default, or inline. */
        public Builder mailMode(MailMode value) {
            mailMode = value;
            return this;
        }

        /** What an e-mail that failed waits before its next try. */
        public Builder mailBackoff(Backoff value) {
            mailBackoff = value;
            return this;
        }

        /** Has the pages link to what is made beside the shop, once its jobs run. */
        Builder backstage(BiFunction<Tidemill, Caches, Backstage> value) {
            backstage = value;
            return this;
        }

        /** Serves these pages too. */
        Builder pages(Consumer<Routes> value) {
            morePages = value;
            return this;
        }

        /**
         * Brings the tables up to date and starts.
         *
         * @throws SQLException if the database does not do what it should
         */
        public Storefront start() throws SQLException {
            Migrations.SHOP.apply(dataSource);
            Caches caches = Caches.on(dataSource).open();
            Tidemill mill = null;
            Rules rules = null;
            WebServer web = null;
            try {
                // Letters and links carry the shop's address, which is known when it listens: they wait for that.
                CompletableFuture<String> url = new CompletableFuture<>();
                OneTimeCodes codes = new OneTimeCodes(secret);
                Mailroom mailroom = new Mailroom(dataSource, codes, url);
                SmtpClient client = new SmtpClient(smtp);
                Members members = Members.of(dataSource, caches);
                Processes processes = new Processes(dataSource, members.customerIds(), members.referralCodes());
                Catalogue catalogue = new Catalogue(dataSource, caches);
                WarmUps warmUps = catalogue.warmUps();
                Tidemill started = mill(mailroom, client, processes, warmUps);
                mill = started;
                Transactions transactions = switch (mailMode) {
                    case JOB -> started::callInTransaction;
                    case INLINE -> new InlineMail(dataSource, mailroom, client);
                };
                if (mailMode == MailMode.JOB) {
                    rules = processes.start(started);
                    WarmUpJobs.begin(started, warmUps);
                }
                Customers customers = new Customers(dataSource, transactions, codes);
                Orders orders = new Orders(dataSource, transactions);
                web = web(customers, catalogue, orders, members, url, backstage.apply(started, caches));
                url.complete(url(web));
                return new Storefront(started, rules, caches, catalogue, members, web);
            } finally {
                if (web == null) {
                    stop(rules, mill, Duration.ZERO, caches);
                }
            }
        }

        private Tidemill mill(Mailroom mailroom, SmtpClient client, Processes processes, WarmUps warmUps) {
            TidemillBuilder mill = Tidemill.on(dataSource);
            if (mailMode == MailMode.INLINE) {
                return mill.start();
            }
            new MailHandlers(dataSource, mailroom, client).addTo(mill, mailBackoff);
            WarmUpJobs.every(WARM_AGAIN, WarmUpJobs.handledBy(mill, warmUps), warmUps);
            return processes.addTo(mill).start();
        }

        private WebServer web(
                Customers customers,
                Catalogue catalogue,
                Orders orders,
                Members members,
                CompletableFuture<String> url,
                Backstage behind) {
            Visits visits = new Visits(dataSource);
            HttpRouting.Builder routing = HttpRouting.builder();
            Routes routes = new Routes(routing, visits, behind);
            new CataloguePages(catalogue).mount(routes);
            new ShopPages(catalogue, visits, orders).mount(routes);
            new SignInPages(customers, visits, members.referralCodes()).mount(routes);
            new MemberPages(orders, members, url::join).mount(routes);
            new ShopApi(customers, catalogue, orders, visits, members.referralCodes()).mount(routes);
            new MemberApi(members).mount(routes);
            morePages.accept(routes);
            routes.seal();
            return WebServer.builder()
                    .address(InetAddress.getLoopbackAddress())
                    .port(port)
                    .shutdownHook(false)
                    .maxPayloadSize(MAX_BODY_BYTES)
                    .shutdownGracePeriod(Duration.ofSeconds(1))
                    .addRouting(routing)
                    .build()
                    .start();
        }
    }
}
