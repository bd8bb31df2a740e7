package dev.tidemill.server.access;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Pages;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The pages for people who are not in yet: to log in, to set up the first user; and the way out. */
final class WaysIn {
    private static final int MAX_PATH_CHARS = 2000;
    private static final String SAFE_PATH = "/[!-\\[\\]-~]*";

    private final Accounts accounts;
    private final Sessions sessions;
    private final Logins logins;
    private final SetUp setUp;
    private final Door door;
    private final boolean hasToken;
    private final Pages pages;

    WaysIn(Accounts accounts, Sessions sessions, Door door, @Nullable Token token, Pages pages) {
        this.accounts = accounts;
        this.sessions = sessions;
        this.logins = new Logins(accounts, sessions, token);
        this.setUp = new SetUp(accounts);
        this.door = door;
        this.hasToken = token != null;
        this.pages = pages;
    }

    Logins logins() {
        return logins;
    }

    SetUp setUp() {
        return setUp;
    }

    void mount(Router router) {
        router.open("GET", "/login", this::showLogin)
                .open("POST", "/login", this::logIn)
                .open("POST", "/logout", this::logOut)
                .open("GET", "/setup", this::showSetUp)
                .open("POST", "/setup", this::setUp);
    }

    /**
     * What a browser is shown that asks for a page and is not logged in. One that follows a link from another site does
     * not send its cookie; it is sent on to the same page by our own, and then does. A script that sent a form would put
     * a part of the answer where its page has such a part, and the log-in has none: the whole browser goes there.
     */
    Reply instead(Call call, Reply refusal) {
        if (call.header("HX-Request").isPresent()) {
            return refusal.header(
                    "HX-Redirect", "/login?next=" + URLEncoder.encode(pageOf(call), StandardCharsets.UTF_8));
        }
        String next = call.method().equals("GET") ? ours(call.location()) : "/";
        boolean fromElsewhere = call.header("Sec-Fetch-Site").orElse("").equals("cross-site")
                && call.header("Sec-Fetch-Mode").orElse("").equals("navigate");
        if (fromElsewhere && call.method().equals("GET")) {
            return bare("bounce.jte", Map.of("next", next)).status(401);
        }
        Reply page =
                login(new LoginForm(users(), hasToken, false, "", next, "")).status(refusal.status());
        return page.header("WWW-Authenticate", "Bearer realm=\"tidemill\"");
    }

    /** The page that a script of ours sent a form from. */
    private static String pageOf(Call call) {
        return ours(call.header("HX-Current-URL")
                .orElse("/")
                .replaceFirst("^https?://[^/?#]*", "")
                .replaceFirst("#.*", ""));
    }

    /** While the database is away nobody can log in; the form is there for when it is back. */
    private boolean users() {
        try {
            return accounts.hasUsers();
        } catch (TidemillException away) {
            return true;
        }
    }

    private Reply showLogin(Call call) {
        call.takesOnly("next");
        String next = ours(call.query("next").orElse("/"));
        if (door.caller(call, Permission.READ, true).isPresent()) {
            return Reply.seeOther(next);
        }
        return login(new LoginForm(users(), hasToken, false, "", next, ""));
    }

    private Reply logIn(Call call) {
        call.takesOnly();
        Map<String, String> fields = call.form();
        String next = ours(fields.getOrDefault("next", "/"));
        String name = cut(fields.getOrDefault("name", ""));
        boolean byToken = fields.containsKey("token");
        Logins.Outcome outcome = byToken
                ? logins.logInWithToken(fields.getOrDefault("token", "").strip(), call.address())
                : logins.logIn(name, fields.getOrDefault("password", ""), call.address());
        return switch (outcome) {
            case Logins.Outcome.LoggedIn in ->
                Reply.seeOther(next).header("Set-Cookie", SessionCookie.set(call, in.secret()));
            case Logins.Outcome.Refused refused ->
                login(new LoginForm(
                                users(),
                                hasToken,
                                byToken,
                                name,
                                next,
                                byToken ? "That is not this server's token." : "The name or the password is wrong."))
                        .status(401);
            case Logins.Outcome.Wait wait ->
                login(new LoginForm(users(), hasToken, byToken, name, next, tooEarly(wait.length())))
                        .status(429)
                        .header("Retry-After", Long.toString(seconds(wait.length())));
        };
    }

    static String tooEarly(Duration wait) {
        long seconds = seconds(wait);
        return "Too many tries failed. Try again in "
                + (seconds == 1
                        ? "a second."
                        : seconds < 120 ? seconds + " seconds." : (seconds + 59) / 60 + " minutes.");
    }

    static long seconds(Duration wait) {
        return wait.plusNanos(999_999_999).toSeconds();
    }

    private Reply logOut(Call call) {
        call.takesOnly();
        call.form();
        SessionCookie.of(call).ifPresent(secret -> {
            accounts.tables().transaction(connection -> {
                var name = sessions.end(connection, secret);
                if (name.isPresent()) {
                    accounts.note(
                            connection,
                            name.get(),
                            "log-out",
                            name.get().equals(Token.NAME) ? "token" : "USER " + name.get(),
                            "");
                }
                return null;
            });
            door.forget();
        });
        return Reply.seeOther("/login").header("Set-Cookie", SessionCookie.end(call));
    }

    private Reply showSetUp(Call call) {
        call.takesOnly("code");
        String code = cut(call.query("code").orElse(""));
        boolean holds = setUp.holds(code);
        return setUpPage(code, "", "", holds).status(holds ? 200 : 404);
    }

    private Reply setUp(Call call) {
        call.takesOnly();
        Map<String, String> fields = call.form();
        String code = cut(fields.getOrDefault("code", ""));
        String name = cut(fields.getOrDefault("name", ""));
        String password = fields.getOrDefault("password", "");
        if (!password.equals(fields.getOrDefault("again", ""))) {
            return setUpPage(code, name, "The two passwords differ.", true).status(400);
        }
        try {
            setUp.use(code, name, password);
        } catch (TidemillException refused) {
            if (refused.code() == ErrorCode.NOT_FOUND) {
                return setUpPage(code, name, "", false).status(404);
            }
            if (refused.code() == ErrorCode.INVALID_OPTION) {
                return setUpPage(code, name, String.valueOf(refused.getMessage()), true)
                        .status(400);
            }
            throw refused;
        }
        return logins.logIn(name, password, call.address()) instanceof Logins.Outcome.LoggedIn in
                ? Reply.seeOther("/").header("Set-Cookie", SessionCookie.set(call, in.secret()))
                : Reply.seeOther("/login");
    }

    private Reply setUpPage(String code, String name, String message, boolean holds) {
        return page("setup.jte", Map.of("code", code, "name", name, "message", message, "holds", holds));
    }

    private Reply login(LoginForm form) {
        return page("login.jte", Map.of("form", form));
    }

    /** A page that loads nothing, since nothing is open to whoever is not in: its style is in it, named by its digest. */
    private Reply page(String template, Map<String, Object> model) {
        Map<String, Object> all = new HashMap<>(model);
        all.put("style", pages.assets().text("tidemill.css"));
        return bare(template, all)
                .header(
                        "Content-Security-Policy",
                        "default-src 'none'; style-src " + pages.assets().source("tidemill.css")
                                + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    }

    private Reply bare(String template, Map<String, Object> model) {
        return Reply.html(pages.render(template, model));
    }

    /** A path of this server: anything else would send people, once they are in, wherever a link likes. */
    static String ours(String wished) {
        return wished.matches(SAFE_PATH) && !wished.startsWith("//") && wished.length() <= MAX_PATH_CHARS
                ? wished
                : "/";
    }

    private static String cut(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200);
    }
}
