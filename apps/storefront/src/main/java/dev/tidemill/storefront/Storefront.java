package dev.tidemill.storefront;

import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.storefront.mail.InlineMail;
import dev.tidemill.storefront.mail.MailHandlers;
import dev.tidemill.storefront.mail.Mailroom;
import dev.tidemill.storefront.mail.SmtpClient;
import dev.tidemill.storefront.shop.Customers;
import dev.tidemill.storefront.shop.Migrations;
import dev.tidemill.storefront.shop.OneTimeCodes;
import dev.tidemill.storefront.shop.Orders;
import dev.tidemill.storefront.shop.Transactions;
import dev.tidemill.storefront.shop.Visits;
import dev.tidemill.storefront.web.Backstage;
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
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;

/**
 * The sample shop: pages and JSON over HTTP on the loopback address, its tables in the schema {@code shop}, its e-mails
 * sent by jobs.
 *
 * <pre>{@code
 * Storefront shop = Storefront.builder(dataSource, SmtpSettings.plain("localhost", 2525)).start();
 * }</pre>
 *
 * <p>Safe for use by several threads.
 */
public final class Storefront implements AutoCloseable {
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final int MAX_BODY_BYTES = 64 << 10;

    private final Tidemill mill;
    private final WebServer web;

    private Storefront(Tidemill mill, WebServer web) {
        this.mill = mill;
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

    /** Takes no more requests, lets running jobs finish for a while, and stops; what waits is kept for the next start. */
    public void stop() {
        web.stop();
        mill.stop(GRACE);
    }

    /** The same as {@link #stop()}. */
    @Override
    public void close() {
        stop();
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
        private Function<Tidemill, Backstage> backstage = mill -> new Backstage(null, null);
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
        Builder backstage(Function<Tidemill, Backstage> value) {
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
            OneTimeCodes codes = new OneTimeCodes(secret);
            SmtpClient client = new SmtpClient(smtp);
            // Letters carry the shop's address, which is known when it listens: the first ones wait for that.
            CompletableFuture<String> url = new CompletableFuture<>();
            Mailroom mailroom = new Mailroom(dataSource, codes, url);
            Tidemill mill = mill(mailroom, client);
            WebServer web = null;
            try {
                Transactions transactions = switch (mailMode) {
                    case JOB -> mill::callInTransaction;
                    case INLINE -> new InlineMail(dataSource, mailroom, client);
                };
                web = web(new Customers(dataSource, transactions, codes), new Orders(dataSource, transactions), mill);
                url.complete(url(web));
                return new Storefront(mill, web);
            } finally {
                if (web == null) {
                    mill.stop(Duration.ZERO);
                }
            }
        }

        private Tidemill mill(Mailroom mailroom, SmtpClient client) {
            TidemillBuilder mill = Tidemill.on(dataSource);
            return mailMode == MailMode.JOB
                    ? new MailHandlers(dataSource, mailroom, client)
                            .addTo(mill, mailBackoff)
                            .start()
                    : mill.start();
        }

        private WebServer web(Customers customers, Orders orders, Tidemill mill) {
            Visits visits = new Visits(dataSource);
            HttpRouting.Builder routing = HttpRouting.builder();
            Routes routes = new Routes(routing, visits, backstage.apply(mill));
            new ShopPages(visits, orders).mount(routes);
            new SignInPages(customers, visits).mount(routes);
            new ShopApi(customers, orders, visits).mount(routes);
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
