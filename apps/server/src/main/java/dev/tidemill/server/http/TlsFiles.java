package dev.tidemill.server.http;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's certificate and its key, from PEM files that are read again when they change: connections that begin after
 * that get the new one, and nothing is restarted. A change is noticed within ten seconds, by whoever connects then; files
 * that do not fit together leave the former certificate in use, and are said in the log. Thread safe.
 */
public final class TlsFiles extends X509ExtendedKeyManager {
    private static final Logger LOG = LoggerFactory.getLogger(TlsFiles.class);
    private static final Pattern KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final long MAX_BYTES = 1 << 20;

    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Identity(String alias, X509Certificate[] chain, PrivateKey key) {}

    private final Path certificate;
    private final Path key;
    private final Duration recheck;
    private final Object reading = new Object();
    private volatile Identity current;
    /** What a handshake may have begun with. */
    private volatile Identity former;

    private FileTime certificateTime = FileTime.fromMillis(0);
    private FileTime keyTime = FileTime.fromMillis(0);
    private long checkedNanos = System.nanoTime();
    private int read;

    /**
     * Reads them.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if a file cannot be read, or they do not fit together
     */
    public TlsFiles(Path certificate, Path key) {
        this(certificate, key, Duration.ofSeconds(10));
    }

    TlsFiles(Path certificate, Path key, Duration recheck) {
        this.certificate = certificate;
        this.key = key;
        this.recheck = recheck;
        noteTimes();
        this.current = read();
        this.former = current;
    }

    /** A context that shows whatever certificate there is. */
    public SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[] {this}, null, null);
            return context;
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java speaks TLS", impossible);
        }
    }

    private void refresh() {
        synchronized (reading) {
            if (System.nanoTime() - checkedNanos < recheck.toNanos()) {
                return;
            }
            checkedNanos = System.nanoTime();
            if (!noteTimes()) {
                return;
            }
            try {
                Identity fresh = read();
                former = current;
                current = fresh;
                LOG.info(
                        "The certificate was read again; it holds until {}",
                        fresh.chain[0].getNotAfter().toInstant());
            } catch (TidemillException unfit) {
                LOG.warn("The former certificate stays in use: {}", unfit.getMessage());
            }
        }
    }

    /** Whether they changed since the last look. Both are looked at, however the first one is. */
    private boolean noteTimes() {
        try {
            FileTime ofCertificate = Files.getLastModifiedTime(certificate);
            FileTime ofKey = Files.getLastModifiedTime(key);
            boolean changed = !ofCertificate.equals(certificateTime) || !ofKey.equals(keyTime);
            certificateTime = ofCertificate;
            keyTime = ofKey;
            return changed;
        } catch (IOException gone) {
            return true;
        }
    }

    private Identity read() {
        try {
            X509Certificate[] chain = chain();
            PrivateKey secret = secret(chain[0]);
            checkPair(chain[0], secret);
            return new Identity("identity" + ++read, chain, secret);
        } catch (IOException failed) {
            throw unfit("cannot be read (" + failed.getClass().getSimpleName() + ")", failed);
        } catch (GeneralSecurityException failed) {
            throw unfit("are no certificate and key that fit together", failed);
        }
    }

    private X509Certificate[] chain() throws IOException, GeneralSecurityException {
        refuseLong(certificate);
        try (InputStream in = Files.newInputStream(certificate)) {
            X509Certificate[] chain = CertificateFactory.getInstance("X.509").generateCertificates(in).stream()
                    .map(X509Certificate.class::cast)
                    .toArray(X509Certificate[]::new);
            if (chain.length == 0) {
                throw unfit("hold no certificate; the first begins with '-----BEGIN CERTIFICATE-----'", null);
            }
            return chain;
        }
    }

    private PrivateKey secret(X509Certificate first) throws IOException, GeneralSecurityException {
        refuseLong(key);
        Matcher pem = KEY.matcher(Files.readString(key, StandardCharsets.US_ASCII));
        if (!pem.find()) {
            throw unfit(
                    "hold no key that begins with '-----BEGIN PRIVATE KEY-----'; write an older or encrypted one anew with:"
                            + " openssl pkcs8 -topk8 -nodes -in KEY -out NEW_KEY",
                    null);
        }
        byte[] encoded = Base64.getMimeDecoder().decode(pem.group(1));
        return KeyFactory.getInstance(first.getPublicKey().getAlgorithm())
                .generatePrivate(new PKCS8EncodedKeySpec(encoded));
    }

    private void refuseLong(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw unfit("are longer than " + MAX_BYTES + " bytes", null);
        }
    }

    private void checkPair(X509Certificate first, PrivateKey secret) throws GeneralSecurityException {
        String algorithm = switch (secret.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> secret.getAlgorithm();
        };
        byte[] text = "Do they fit together?".getBytes(StandardCharsets.UTF_8);
        Signature signing = Signature.getInstance(algorithm);
        signing.initSign(secret);
        signing.update(text);
        byte[] signature = signing.sign();
        signing.initVerify(first.getPublicKey());
        signing.update(text);
        if (!signing.verify(signature)) {
            throw unfit("do not fit together: the key is another certificate's", null);
        }
    }

    private TidemillException unfit(String why, @Nullable Throwable cause) {
        return new TidemillException(
                ErrorCode.INVALID_OPTION,
                "The files of the certificate and its key, " + certificate + " and " + key + ", " + why + ".",
                cause);
    }

    private @Nullable String alias(String keyType) {
        refresh();
        Identity now = current;
        return now.key.getAlgorithm().equals(keyType) ? now.alias : null;
    }

    private @Nullable Identity identity(String alias) {
        Identity now = current;
        Identity before = former;
        return now.alias.equals(alias) ? now : before.alias.equals(alias) ? before : null;
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return alias(keyType);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
        return alias(keyType);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        Identity identity = identity(alias);
        return identity == null ? null : identity.chain.clone();
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
        Identity identity = identity(alias);
        return identity == null ? null : identity.key;
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return current.key.getAlgorithm().equals(keyType) ? new String[] {current.alias} : null;
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
        return null;
    }
}
