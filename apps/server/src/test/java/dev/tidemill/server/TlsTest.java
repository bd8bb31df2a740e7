package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.access.Role;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(FreshSchema.class)
@Timeout(120)
final class TlsTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    private Path folder = Path.of("set by JUnit");

    /** A certificate that its own key signed, for localhost. */
    private KeyStore made(String name, String algorithm) throws Exception {
        Path store = folder.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        algorithm,
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost,ip:127.0.0.1",
                        "-validity",
                        "2",
                        "-keystore",
                        store.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .start();
        keytool.getInputStream().readAllBytes();
        assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
        KeyStore read = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            read.load(in, PASSWORD);
        }
        return read;
    }

    private static void write(Path file, String what, byte[] content) throws IOException {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        Files.writeString(file, "-----BEGIN " + what + "-----\n" + base64 + "\n-----END " + what + "-----\n");
    }

    private Path certificate(KeyStore store) throws Exception {
        Path file = folder.resolve("certificate.pem");
        write(file, "CERTIFICATE", store.getCertificate("a").getEncoded());
        return file;
    }

    private Path key(KeyStore store) throws Exception {
        Path file = folder.resolve("key.pem");
        write(file, "PRIVATE KEY", store.getKey("a", PASSWORD).getEncoded());
        return file;
    }

    private static SSLContext trusting(KeyStore store) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        trusted.setCertificateEntry("a", store.getCertificate("a"));
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }

    @Test
    void theServerSpeaksHttpsAndTakesANewCertificateWithoutARestart(TestDatabase database) throws Exception {
        KeyStore first = made("first", "EC");
        KeyStore second = made("second", "RSA");
        Path certificate = certificate(first);
        Path key = key(first);
        try (Tidemill mill = Tidemill.on(database.dataSource())
                        .schema(database.schema())
                        .start();
                TidemillServer server =
                        TidemillServer.builder(mill).tls(certificate, key).start()) {
            assertThat(server.url()).startsWith("https://127.0.0.1:");
            server.accounts().addUser("ada", "four words in a row", Role.ADMIN, "test");
            try (HttpClient client =
                    HttpClient.newBuilder().sslContext(trusting(first)).build()) {
                HttpResponse<String> in = client.send(
                        HttpRequest.newBuilder(URI.create(server.url() + "/login"))
                                .header("Content-Type", "application/x-www-form-urlencoded")
                                .POST(BodyPublishers.ofString("name=ada&password=four+words+in+a+row"))
                                .build(),
                        BodyHandlers.ofString());
                assertThat(in.statusCode()).isEqualTo(303);
                String cookie = in.headers().firstValue("Set-Cookie").orElseThrow();
                assertThat(cookie).startsWith("__Host-tidemill=").contains("; Secure", "; Path=/;", "HttpOnly");
                assertThat(in.headers().firstValue("Strict-Transport-Security")).contains("max-age=31536000");
                HttpRequest.Builder page = HttpRequest.newBuilder(URI.create(server.url() + "/api/v1/me"));
                String value = cookie.split(";", 2)[0];
                assertThat(client.send(page.copy().header("Cookie", value).build(), BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(200);
                // A cookie that http could have set does not count by https.
                String other = value.replace("__Host-tidemill", "tidemill_session");
                assertThat(client.send(page.copy().header("Cookie", other).build(), BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(401);
            }
            assertThat(serial(server, first)).isEqualTo(serial(first));

            Files.writeString(key, "no key at all");
            later(key, 1);
            assertThat(serial(server, first)).isEqualTo(serial(first));
            certificate(second);
            key(second);
            later(certificate, 2);
            later(key, 2);
            await().atMost(Duration.ofSeconds(30))
                    .ignoreExceptionsInstanceOf(IOException.class)
                    .until(() -> serial(server, second).equals(serial(second)));
        }
    }

    /** Clocks of file systems may be coarse. */
    private static void later(Path file, int minutes) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(60L * minutes)));
    }

    private static BigInteger serial(KeyStore store) throws Exception {
        return ((X509Certificate) store.getCertificate("a")).getSerialNumber();
    }

    private static BigInteger serial(TidemillServer server, KeyStore trusted) throws Exception {
        try (SSLSocket socket =
                (SSLSocket) trusting(trusted).getSocketFactory().createSocket("127.0.0.1", server.port())) {
            socket.startHandshake();
            return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
        }
    }

    @Test
    void filesThatDoNotFitAreOneClearMessage(TestDatabase database) throws Exception {
        KeyStore one = made("one", "EC");
        KeyStore other = made("other", "EC");
        Path certificate = certificate(one);
        Path key = key(other);
        try (Tidemill mill =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            refused(mill, certificate, key, "another certificate's");
            write(key, "EC PRIVATE KEY", new byte[] {1, 2, 3});
            refused(mill, certificate, key, "openssl pkcs8 -topk8");
            refused(mill, folder.resolve("none.pem"), key, "cannot be read");
            Files.writeString(certificate, "nothing");
            refused(mill, certificate, key, "certificate");
        }
    }

    private static void refused(Tidemill mill, Path certificate, Path key, String why) {
        assertThatThrownBy(() -> TidemillServer.builder(mill).tls(certificate, key))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining(why)
                .hasMessageContaining(certificate.toString());
    }
}
