package dev.tidemill.storefront.demo;

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
 * spelled as it likes. Rules put it right.
 */
public final class BackOffice implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackOffice.class);
    private static final List<String> SPELLINGS =
            List.of("Cancelled", "CANCELED", "cancled", "Past-Due", "unpaid", "On hold", "Paused", "Active", "ACTIVE ");
    private static final int LATEST = 30;
    private static final int PAUSE_MIN_MILLIS = 1_500;
    private static final int PAUSE_MAX_MILLIS = 4_500;

    private final DataSource dataSource;
    private final Thread clerk;

    private BackOffice(DataSource dataSource) {
        this.dataSource = dataSource;
        this.clerk = Thread.ofVirtual().name("back-office").unstarted(this::keepReporting);
    }

    /** Begins to work. */
    public static BackOffice start(DataSource dataSource) {
        BackOffice office = new BackOffice(dataSource);
        office.clerk.start();
        return office;
    }

    private void keepReporting() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.sleep(ThreadLocalRandom.current().nextInt(PAUSE_MIN_MILLIS, PAUSE_MAX_MILLIS));
                report();
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

    /** Goes home. */
    @Override
    public void close() {
        clerk.interrupt();
    }
}
