package dev.tidemill.storefront.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Light traffic: made-up customers who look round, sign up, read their code from the mail, and most of whom order
 * something, all over HTTP like anybody else. Some were sent by a visitor who came before, some subscribe, and some of
 * those cancel. About one a second comes, and a few at a time are there at most.
 */
public final class Visitors implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Visitors.class);
    private static final List<String> NAMES = List.of(
            "Ada", "Bo", "Caro", "Dario", "Edda", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Levi", "Mina",
            "Noor", "Oskar", "Pia");
    private static final List<String> LOOKED_FOR =
            List.of("mug", "candle", "kettle", "tea", "lamp", "warm%20light", "notebook", "tote", "cotton");
    private static final int AT_A_TIME = 6;
    private static final int PAUSE_MIN_MILLIS = 500;
    private static final int PAUSE_MAX_MILLIS = 1_500;
    private static final int REMEMBERED = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final String shopUrl;
    private final MailArchive archive;
    private final RandomGenerator random;
    private final JsonMapper json = new JsonMapper();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final Semaphore seats = new Semaphore(AT_A_TIME);
    private final List<String> codes = new ArrayList<>();
    private final Thread door;

    private Visitors(String shopUrl, MailArchive archive) {
        this.shopUrl = shopUrl;
        this.archive = archive;
        this.random = RandomGenerator.of("L64X128MixRandom");
        this.door = Thread.ofVirtual().name("visitors").unstarted(this::keepComing);
    }

    /** Opens the door of the shop at this address. */
    public static Visitors start(String shopUrl, MailArchive archive) {
        Visitors visitors = new Visitors(shopUrl, archive);
        visitors.door.start();
        return visitors;
    }

    private void keepComing() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                seats.acquire();
                Thread.ofVirtual().name("visitor").start(this::visit);
                Thread.sleep(random.nextInt(PAUSE_MIN_MILLIS, PAUSE_MAX_MILLIS));
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void visit() {
        try {
            shop();
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        } catch (Exception failed) {
            // At debug: while the shop stops or its database is away, every visitor meets the same.
            LOG.debug("A visitor left: {}", failed.toString());
        } finally {
            seats.release();
        }
    }

    private void shop() throws Exception {
        int number = ThreadLocalRandom.current().nextInt(1_000_000);
        String name = NAMES.get(number % NAMES.size());
        String email = String.format(Locale.ROOT, "%s.%06d@%s", name.toLowerCase(Locale.ROOT), number, domain(number));
        JsonNode shelf = get("/api/products", "");
        get("/api/products?q=" + LOOKED_FOR.get(number % LOOKED_FOR.size()), "");
        JsonNode taken = post("/api/signup", "", signUp(name + " Sample", email));
        Optional<Mail> mail = archive.await(email, code -> code.subject().matches("[0-9]{6} .*"), PATIENCE);
        if (mail.isEmpty()) {
            return;
        }
        String code = mail.get().subject().substring(0, 6);
        JsonNode let = post(
                "/api/verify", "", Map.of("challenge", taken.path("challenge").asString(), "code", code));
        String token = let.path("token").asString();
        if (number % 4 != 0) {
            post("/api/checkout", token, Map.of("lines", lines(shelf)));
        }
        if (number % 3 != 0) {
            subscribe(token, number);
        }
        remember(get("/api/account", token).path("referralCode").asString(""));
    }

    private Map<String, String> signUp(String name, String email) {
        Optional<String> code = random.nextInt(3) == 0 ? Optional.empty() : someCode();
        return code.isPresent()
                ? Map.of("name", name, "email", email, "referralCode", code.get())
                : Map.of("name", name, "email", email);
    }

    private Optional<String> someCode() {
        synchronized (codes) {
            return codes.isEmpty() ? Optional.empty() : Optional.of(codes.get(random.nextInt(codes.size())));
        }
    }

    private void remember(String code) {
        synchronized (codes) {
            if (!code.isEmpty()) {
                codes.add(code);
            }
            if (codes.size() > REMEMBERED) {
                codes.removeFirst();
            }
        }
    }

    /** Most begin one box and keep it; some tell their customer id afterwards, and some cancel, spelled their way. */
    private void subscribe(String token, int number) throws IOException, InterruptedException {
        String plan = number % 2 == 0 ? "morning" : "season";
        long box = post("/api/subscriptions", token, Map.of("plan", plan))
                .path("id")
                .asLong();
        post("/api/account/customer-id", token, Map.of("customerId", "cus_" + number));
        if (number % 5 == 0) {
            post("/api/subscriptions/" + box + "/status", token, Map.of("status", "Cancelled"));
        }
    }

    /** Some live where mail is deferred once, very few where there is no mailbox. */
    private static String domain(int number) {
        if (number % 60 == 7) {
            return Habits.NOBODY;
        }
        return number % 7 == 3 ? Habits.GREYLISTING : "example.com";
    }

    private List<Map<String, Object>> lines(JsonNode shelf) {
        int first = random.nextInt(shelf.size());
        int second = (first + 1 + random.nextInt(shelf.size() - 1)) % shelf.size();
        return List.of(
                Map.of("sku", shelf.path(first).path("sku").asString(), "quantity", 1 + random.nextInt(3)),
                Map.of("sku", shelf.path(second).path("sku").asString(), "quantity", 1));
    }

    private JsonNode post(String path, String token, Object body) throws IOException, InterruptedException {
        return send(
                path,
                token,
                HttpRequest.newBuilder(URI.create(shopUrl + path))
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofByteArray(json.writeValueAsBytes(body))));
    }

    private JsonNode get(String path, String token) throws IOException, InterruptedException {
        return send(path, token, HttpRequest.newBuilder(URI.create(shopUrl + path)));
    }

    private JsonNode send(String path, String token, HttpRequest.Builder request)
            throws IOException, InterruptedException {
        request.timeout(PATIENCE);
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
        if (response.statusCode() >= 300) {
            throw new IOException(path + " answered " + response.statusCode());
        }
        return json.readTree(response.body());
    }

    /** Closes the door and sends everybody home. */
    @Override
    public void close() {
        door.interrupt();
        http.shutdownNow();
    }
}
