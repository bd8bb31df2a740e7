package dev.tidemill.storefront.demo;

import com.icegreen.greenmail.Managers;
import com.icegreen.greenmail.imap.ImapHostManager;
import com.icegreen.greenmail.mail.MailAddress;
import com.icegreen.greenmail.mail.MovingMessage;
import com.icegreen.greenmail.smtp.SmtpManager;
import com.icegreen.greenmail.smtp.SmtpServer;
import com.icegreen.greenmail.smtp.SmtpState;
import com.icegreen.greenmail.user.UserManager;
import com.icegreen.greenmail.util.ServerSetup;
import jakarta.mail.MessagingException;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo's SMTP server: GreenMail on the loopback address. It says that it took a message when the archive has it on
 * disk, and not before, so that a SIGKILL loses none. It has the habits of real ones: some domains defer a first
 * try, some addresses do not exist.
 */
public final class MailServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(MailServer.class);
    private static final String LOOPBACK = "127.0.0.1";
    private static final Duration START = Duration.ofSeconds(10);

    private final SmtpServer server;

    private MailServer(SmtpServer server) {
        this.server = server;
    }

    /**
     * Starts it.
     *
     * @param port on 127.0.0.1; 0 is any free one
     */
    public static MailServer start(MailArchive archive, int port) {
        ServerSetup setup = new ServerSetup(port, LOOPBACK, ServerSetup.PROTOCOL_SMTP);
        setup.setServerStartupTimeout(START.toMillis());
        SmtpServer server = new SmtpServer(setup, new Desk(archive));
        server.setName("mail-server");
        server.setDaemon(true);
        server.startService();
        boolean running;
        try {
            running = server.waitTillRunning(START.toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            running = false;
        }
        if (!running) {
            server.stopService();
            throw new IllegalStateException(
                    "The mail server did not start on " + LOOPBACK + ":" + port + " within " + START + ".");
        }
        return new MailServer(server);
    }

    /** The port on 127.0.0.1. */
    public int port() {
        return server.getPort();
    }

    /** Ends it; waits a moment for open connections. */
    @Override
    public void close() {
        server.stopService(Duration.ofSeconds(1).toMillis());
    }

    /** GreenMail's parts, with our archive in place of its store in memory. */
    private static final class Desk extends Managers {
        private final SmtpManager clerk;

        Desk(MailArchive archive) {
            this.clerk = new Clerk(getImapHostManager(), getUserManager(), archive);
        }

        @Override
        public SmtpManager getSmtpManager() {
            return clerk;
        }
    }

    private static final class Clerk extends SmtpManager {
        private final MailArchive archive;
        private final Habits habits = new Habits();

        Clerk(ImapHostManager mailboxes, UserManager users, MailArchive archive) {
            super(mailboxes, users);
            this.archive = archive;
        }

        /** Null takes the recipient; anything else is the refusal. */
        @Override
        @SuppressWarnings("NullAway") // GreenMail's contract: null is "go on".
        public String checkRecipient(SmtpState state, MailAddress recipient) {
            return habits.refusal(recipient.getEmail().toLowerCase(Locale.ROOT)).orElse(null);
        }

        /** An exception answers 451: the sender keeps the message and tries again. */
        @Override
        @SuppressWarnings("UnsynchronizedOverridesSynchronized") // The archive takes messages side by side.
        public void send(SmtpState state) {
            MovingMessage message = state.getMessage();
            for (MailAddress recipient : message.getToAddresses()) {
                try {
                    archive.add(Messages.read(message.getMessage(), recipient.getEmail()));
                } catch (SQLException | MessagingException | IOException failed) {
                    LOG.warn("A message to {} could not be kept: {}", recipient.getEmail(), failed.toString());
                    throw new IllegalStateException("The message could not be kept", failed);
                }
            }
        }
    }
}
