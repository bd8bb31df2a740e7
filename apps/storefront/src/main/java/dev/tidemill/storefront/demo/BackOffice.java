package dev.tidemill.storefront.demo;

import dev.tidemill.cache.CacheException;
import dev.tidemill.storefront.catalogue.Catalogue;
import dev.tidemill.storefront.catalogue.Offer;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Another program that writes the shop's tables, past the shop: every few seconds it reports how some subscription stands,
 * spelled as it likes. Rules put it right. Now and then it reduces a price or takes that back, as the shop itself would;
 * the pages show it at once.
 */
public final class BackOffice implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackOffice.class);
    private static final List<String> SPELLINGS =
            List.of("Cancelled", "CANCELED", "cancled", "Past-Due", "unpaid", "On hold", "Paused", "Active", "ACTIVE ");
    private static final int LATEST = 30;
    private static final int PAUSE_MIN_MILLIS = 1_500;
    private static final int PAUSE_MAX_MILLIS = 4_500;
    private static final int PRICES_ONE_IN = 4;

    private final DataSource dataSource;
    private final Catalogue catalogue;
    private final Thread clerk;

    private BackOffice(DataSource dataSource, Catalogue catalogue) {
        this.dataSource = dataSource;
        this.catalogue = catalogue;
        this.clerk = Thread.ofVirtual().name("back-office").unstarted(this::keepReporting);
    }

    /** Begins to work. */
    public static BackOffice start(DataSource dataSource, Catalogue catalogue) {
        BackOffice office = new BackOffice(dataSource, catalogue);
        office.clerk.start();
        return office;
    }

    private void keepReporting() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.sleep(ThreadLocalRandom.current().nextInt(PAUSE_MIN_MILLIS, PAUSE_MAX_MILLIS));
                report();
                if (ThreadLocalRandom.current().nextInt(PRICES_ONE_IN) == 0) {
                    reprice();
                }
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void report() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        String spelling = SPELLINGS.get(random.nextInt(SPELLINGS.size()));
        try (Connection connection = dataSource.getConnection()) {
            Sql.on(connection, """
                            UPDATE shop.subscription SET status = ?
                             WHERE id = (SELECT id FROM shop.subscription ORDER BY id DESC OFFSET ? LIMIT 1)""", spelling, random.nextInt(LATEST)).update();
        } catch (SQLException failed) {
            // At debug: while the database is away, everything else says so too.
            LOG.debug("The back office could not report: {}", failed.toString());
        }
    }

    /** Something is reduced, or costs as much as ever. */
    private void reprice() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        try {
            List<Offer> offers = catalogue.offers();
            Offer offer = offers.get(random.nextInt(offers.size()));
            long reduced = offer.usualCents() * random.nextInt(70, 95) / 100;
            catalogue.reprice(offer.sku(), offer.reduced() ? offer.usualCents() : reduced);
        } catch (SQLException | CacheException failed) {
            LOG.debug("The back office could not set a price: {}", failed.toString());
        }
    }

    /** Goes home. */
    @Override
    public void close() {
        clerk.interrupt();
    }
}
