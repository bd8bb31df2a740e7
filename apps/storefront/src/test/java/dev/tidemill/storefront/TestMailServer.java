package dev.tidemill.storefront;

import com.icegreen.greenmail.Managers;
import com.icegreen.greenmail.mail.MailAddress;
import com.icegreen.greenmail.smtp.SmtpManager;
import com.icegreen.greenmail.smtp.SmtpServer;
import com.icegreen.greenmail.smtp.SmtpState;
import com.icegreen.greenmail.util.ServerSetup;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A real SMTP server that keeps what it takes in memory, and can be told to refuse or to dawdle. */
final class TestMailServer implements AutoCloseable {
    private final List<Received> received = new CopyOnWriteArrayList<>();
    private volatile Function<String, Optional<String>> refusal = address -> Optional.empty();
    private volatile Consumer<Received> beforeTaking = mail -> {};
    private @Nullable SmtpServer server;
    private int port;

    record Received(String recipient, String subject, String messageId, MimeMessage message) {}

    static TestMailServer start() {
        TestMailServer started = new TestMailServer();
        started.up();
        return started;
    }

    /** Starts, on the port it had before if it had one. */
    void up() {
        ServerSetup setup = new ServerSetup(port, "127.0.0.1", ServerSetup.PROTOCOL_SMTP);
        SmtpServer starting = new SmtpServer(setup, new Desk());
        starting.startService();
        try {
            if (!starting.waitTillRunning(10_000)) {
                throw new IllegalStateException("The test's mail server did not start.");
            }
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
        port = starting.getPort();
        server = starting;
    }

    /** Stops; connections are refused until it is up again. */
    void down() {
        if (server != null) {
            server.stopService(1_000);
            server = null;
        }
    }

    @Override
    public void close() {
        down();
    }

    int port() {
        return port;
    }

    /** Answers these recipients with an SMTP refusal. */
    void refuse(Function<String, Optional<String>> rule) {
        refusal = rule;
    }

    /** Is called before a message is taken, on the connection's thread. */
    void beforeTaking(Consumer<Received> hook) {
        beforeTaking = hook;
    }

    List<Received> received() {
        return List.copyOf(received);
    }

    List<Received> to(String recipient) {
        return received.stream()
                .filter(mail -> mail.recipient().equals(recipient))
                .toList();
    }

    /** The code in the mail to an address. */
    Optional<String> code(String recipient) {
        return to(recipient).stream()
                .map(Received::subject)
                .filter(subject -> subject.matches("[0-9]{6} is your code"))
                .map(subject -> subject.substring(0, 6))
                .findFirst();
    }

    private final class Desk extends Managers {
        private final SmtpManager clerk = new SmtpManager(getImapHostManager(), getUserManager()) {
            @Override
            public @Nullable String checkRecipient(SmtpState state, MailAddress recipient) {
                return refusal.apply(recipient.getEmail()).orElse(null);
            }

            @Override
            @SuppressWarnings("UnsynchronizedOverridesSynchronized") // Messages are taken side by side.
            public void send(SmtpState state) {
                take(state);
            }
        };

        @Override
        public SmtpManager getSmtpManager() {
            return clerk;
        }

        private void take(SmtpState state) {
            try {
                MimeMessage message = state.getMessage().getMessage();
                for (MailAddress recipient : state.getMessage().getToAddresses()) {
                    Received mail =
                            new Received(recipient.getEmail(), message.getSubject(), message.getMessageID(), message);
                    beforeTaking.accept(mail);
                    received.add(mail);
                }
            } catch (MessagingException malformed) {
                throw new IllegalStateException(malformed);
            }
        }
    }
}
