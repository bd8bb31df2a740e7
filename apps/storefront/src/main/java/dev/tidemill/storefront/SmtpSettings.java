package dev.tidemill.storefront;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The mail server that takes the shop's e-mails.
 *
 * @param host its name or address
 * @param port 1 to 65535
 * @param tls how the connection is protected
 * @param user null where it asks for none
 * @param password null where it asks for none
 * @param from the address that the e-mails come from
 * @param timeout how long to wait to be connected, and for every answer
 */
public record SmtpSettings(
        String host,
        int port,
        Tls tls,
        @Nullable String user,
        @Nullable String password,
        String from,
        Duration timeout) {

    /** How a connection to a mail server is protected. */
    public enum Tls {
        /** Not at all: for a server on this machine. */
        NONE,
        /** It begins in the clear and must switch to TLS (usually port 587). */
        STARTTLS,
        /** TLS from the first byte (usually port 465). */
        IMPLICIT
    }

    private static final String FROM = "hello@storefront.example.com";

    public SmtpSettings {
        if (host.isBlank() || port < 1 || port > 65_535) {
            throw new IllegalArgumentException("The mail server is '" + host + ":" + port
                    + "'; it must be host:port with a port from 1 to 65535, such as localhost:2525.");
        }
    }

    /** A server without TLS and password. */
    public static SmtpSettings plain(String host, int port) {
        return new SmtpSettings(host, port, Tls.NONE, null, null, FROM, Duration.ofSeconds(10));
    }

    /**
     * Reads {@code host:port}; an IPv6 address stands in brackets.
     *
     * @throws IllegalArgumentException if it is not of that form
     */
    public static SmtpSettings parse(String hostAndPort) {
        int colon = hostAndPort.lastIndexOf(':');
        String host = colon < 0 ? "" : hostAndPort.substring(0, colon);
        String port = hostAndPort.substring(colon + 1);
        if (host.isEmpty() || !port.matches("[0-9]{1,5}")) {
            throw new IllegalArgumentException(
                    "The mail server is given as '" + hostAndPort + "'; give host:port, such as localhost:2525.");
        }
        return plain(host.startsWith("[") ? host.substring(1, host.length() - 1) : host, Integer.parseInt(port));
    }

    /** Protected like this. */
    public SmtpSettings tls(Tls value) {
        return new SmtpSettings(host, port, value, user, password, from, timeout);
    }

    /** Signed in like this. */
    public SmtpSettings login(String newUser, String newPassword) {
        return new SmtpSettings(
                host,
                port,
                tls,
                Objects.requireNonNull(newUser, "user"),
                Objects.requireNonNull(newPassword, "password"),
                from,
                timeout);
    }

    /** Waiting at most so long to be connected, and for every answer. */
    public SmtpSettings timeout(Duration value) {
        return new SmtpSettings(host, port, tls, user, password, from, value);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return host + ':' + port + ", TLS " + tls + (user == null ? "" : ", with a login");
    }
}
