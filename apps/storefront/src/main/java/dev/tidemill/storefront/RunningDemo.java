package dev.tidemill.storefront;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.cache.Caches;
import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.TidemillServer;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.storefront.demo.BackOffice;
import dev.tidemill.storefront.demo.MailArchive;
import dev.tidemill.storefront.demo.MailPages;
import dev.tidemill.storefront.demo.MailServer;
import dev.tidemill.storefront.demo.Visitors;
import dev.tidemill.storefront.web.Backstage;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The demo's parts, started one after the other and stopped in the opposite order. */
final class RunningDemo implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunningDemo.class);
    private static final int CONNECTIONS = 32;
    private static final int MAX_PORT = 65_535;

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final Path data;
    private final Storefront shop;
    private final TidemillServer admin;

    private RunningDemo(DemoFolder folder, int port, boolean traffic) throws Exception {
        data = folder.path();
        boolean started = false;
        try {
            EmbeddedPostgres postgres = add(EmbeddedPostgres.builder()
                    .dataFolder(folder.database())
                    .stopAtExit(false)
                    .start());
            HikariDataSource pool = add(pool(postgres));
            MailArchive archive = new MailArchive(pool);
            MailServer mailServer = add(MailServer.start(archive, 0));
            AtomicReference<TidemillServer> adminServer = new AtomicReference<>();
            shop = Storefront.builder(pool, SmtpSettings.plain("127.0.0.1", mailServer.port()))
                    .secret(folder.secret())
                    .port(port)
                    .backstage((mill, caches) -> {
                        TidemillServer server = add(admin(mill, caches, port));
                        adminServer.set(server);
                        return new Backstage(MailPages.PATH, server.url());
                    })
                    .pages(new MailPages(archive)::mount)
                    .start();
            add(shop);
            admin = adminServer.get();
            if (traffic) {
                add(Visitors.start(shop.url(), archive));
                add(BackOffice.start(pool, shop.catalogue()));
            }
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    /**
     * Starts it all.
     *
     * @throws IllegalArgumentException if the port is taken
     */
    static RunningDemo start(DemoFolder folder, int port, boolean traffic) throws Exception {
        // Asked before the database starts, so that the answer comes at once.
        if (!isFree(port)) {
            throw new IllegalArgumentException("Port " + port + " of 127.0.0.1 is taken: is another demo running?"
                    + " Give another one with --port N, or --port 0 for any free one.");
        }
        return new RunningDemo(folder, port, traffic);
    }

    private static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return probe.isBound();
        } catch (IOException taken) {
            return false;
        }
    }

    /** The admin page is on the shop's next port where that is free, else on any; a demo has nobody to log in. */
    private static TidemillServer admin(Tidemill mill, Caches caches, int shopPort) {
        int next = shopPort == 0 || shopPort == MAX_PORT ? 0 : shopPort + 1;
        return TidemillServer.builder(mill)
                .open()
                .caches(ServedCaches.of(caches))
                .port(isFree(next) ? next : 0)
                .start();
    }

    private static HikariDataSource pool(EmbeddedPostgres postgres) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("demo");
        config.setJdbcUrl(postgres.jdbcUrl());
        config.setUsername(postgres.user());
        config.setPassword(postgres.password());
        config.setMaximumPoolSize(CONNECTIONS);
        config.setMinimumIdle(2);
        return new HikariDataSource(config);
    }

    private <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    String url() {
        return shop.url();
    }

    String adminUrl() {
        return admin.url();
    }

    String mailUrl() {
        return shop.url() + MailPages.PATH;
    }

    Path data() {
        return data;
    }

    /** Stops everything; what waits is kept for the next start. */
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception failed) {
                LOG.warn("A part of the demo did not stop cleanly", failed);
            }
        }
    }
}
