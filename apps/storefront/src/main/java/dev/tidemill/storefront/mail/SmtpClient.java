package dev.tidemill.storefront.mail;

import dev.tidemill.storefront.SmtpSettings;
import jakarta.mail.Message.RecipientType;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.io.UnsupportedEncodingException;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.Properties;

/** Hands letters to the mail server, each over a connection of its own. Thread safe. */
public final class SmtpClient {
    private static final String SENDER = "Storefront sample";

    private final SmtpSettings settings;
    private final Session session;

    /** To this server. */
    public SmtpClient(SmtpSettings settings) {
        this.settings = settings;
        this.session = Session.getInstance(properties(settings));
    }

    private static Properties properties(SmtpSettings settings) {
        String millis = Long.toString(settings.timeout().toMillis());
        Properties properties = new Properties();
        properties.setProperty("mail.transport.protocol", "smtp");
        properties.setProperty("mail.smtp.host", settings.host());
        properties.setProperty("mail.smtp.port", Integer.toString(settings.port()));
        properties.setProperty("mail.smtp.connectiontimeout", millis);
        properties.setProperty("mail.smtp.timeout", millis);
        properties.setProperty("mail.smtp.writetimeout", millis);
        // What the greeting says. Left out, the machine's own name is looked up, which may take seconds.
        properties.setProperty("mail.smtp.localhost", "localhost");
        properties.setProperty("mail.smtp.auth", Boolean.toString(settings.user() != null));
        properties.setProperty("mail.smtp.ssl.checkserveridentity", "true");
        switch (settings.tls()) {
            case NONE -> properties.setProperty("mail.smtp.starttls.enable", "false");
            case STARTTLS -> {
                properties.setProperty("mail.smtp.starttls.enable", "true");
                properties.setProperty("mail.smtp.starttls.required", "true");
            }
            case IMPLICIT -> properties.setProperty("mail.smtp.ssl.enable", "true");
        }
        return properties;
    }

    /** Sends a letter; when this returns the server has taken it. */
    public void send(Letter letter) throws MessagingException {
        MimeMessage message = message(letter);
        try (Transport transport = session.getTransport()) {
            transport.connect(settings.user(), settings.password());
            transport.sendMessage(message, message.getAllRecipients());
        }
    }

    private MimeMessage message(Letter letter) throws MessagingException {
        MimeMessage message = new Numbered(session, letter.messageId());
        message.setFrom(address(settings.from(), SENDER));
        message.setRecipient(RecipientType.TO, address(letter.address(), letter.name()));
        message.setSubject(oneLine(letter.subject()), StandardCharsets.UTF_8.name());
        message.setSentDate(now());
        message.setHeader("Auto-Submitted", "auto-generated");
        MimeMultipart both = new MimeMultipart("alternative");
        both.addBodyPart(part(letter.text(), "plain"));
        both.addBodyPart(part(letter.html(), "html"));
        message.setContent(both);
        message.saveChanges();
        return message;
    }

    @SuppressWarnings("JavaUtilDate") // What the mail API takes.
    private static Date now() {
        return new Date();
    }

    private static MimeBodyPart part(String content, String subtype) throws MessagingException {
        MimeBodyPart part = new MimeBodyPart();
        part.setText(content, StandardCharsets.UTF_8.name(), subtype);
        return part;
    }

    private static InternetAddress address(String email, String name) throws MessagingException {
        InternetAddress address = new InternetAddress(oneLine(email), true);
        try {
            address.setPersonal(oneLine(name), StandardCharsets.UTF_8.name());
        } catch (UnsupportedEncodingException unavailable) {
            throw new IllegalStateException("UTF-8 is part of every JDK", unavailable);
        }
        return address;
    }

    /** The second lock against header injection; the first is that no such value gets past the forms. */
    private static String oneLine(String value) {
        return value.replaceAll("\\p{Cntrl}+", " ");
    }

    /** A message that keeps the id it was given. */
    private static final class Numbered extends MimeMessage {
        private final String id;

        Numbered(Session session, String id) {
            super(session);
            this.id = id;
        }

        @Override
        protected void updateMessageID() throws MessagingException {
            setHeader("Message-ID", '<' + id + '>');
        }
    }
}
