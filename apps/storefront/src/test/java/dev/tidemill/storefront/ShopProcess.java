package dev.tidemill.storefront;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.jobs.Backoff;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** A shop in a process of its own, with its rules and jobs: to be killed. Says "ready", and ends when its input does. */
final class ShopProcess implements AutoCloseable {
    private final Process process;

    private ShopProcess(Process process) {
        this.process = process;
    }

    /** Arguments: the database's address without a password, the user, the mail server's port. */
    public static void main(String[] arguments) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(arguments[0]);
        config.setUsername(arguments[1]);
        config.setPassword(Objects.requireNonNull(System.getenv("SHOP_PASSWORD")));
        config.setMaximumPoolSize(20);
        config.setMinimumIdle(2);
        try (HikariDataSource pool = new HikariDataSource(config);
                Storefront shop = Storefront.builder(
                                pool, SmtpSettings.plain("127.0.0.1", Integer.parseInt(arguments[2])))
                        .mailBackoff(Backoff.fixed(Duration.ofMillis(200)))
                        .start()) {
            System.out.println("ready " + shop.url());
            while (System.in.read() >= 0) {
                // Until the test is over.
            }
        }
    }

    /** Starts one and waits until it is at work. */
    static ShopProcess start(String jdbcUrl, String user, String password, int smtpPort) throws IOException {
        ProcessBuilder command = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx160m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ShopProcess.class.getName(),
                        jdbcUrl,
                        user,
                        Integer.toString(smtpPort)))
                .redirectError(ProcessBuilder.Redirect.appendTo(new File("target/shop-process-stderr.log")));
        command.environment().put("SHOP_PASSWORD", password);
        ShopProcess started = new ShopProcess(command.start());
        String line = started.process.inputReader(StandardCharsets.UTF_8).readLine();
        if (line == null || !line.startsWith("ready")) {
            started.close();
            throw new IOException("The shop's process did not start: " + line + "; see target/shop-process-stderr.log");
        }
        return started;
    }

    /** SIGKILL, at once. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
