package dev.tidemill.server.access;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Caller;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Users and keys for admins, and for everybody their own password. */
final class AccountPages {
    private static final String USERS = "/users";
    private static final String KEYS = "/keys";
    private static final String ME = "/me";
    private static final int PAGE = 100;

    private final Accounts accounts;
    private final Sessions sessions;
    private final Logins logins;
    private final Pages pages;

    AccountPages(Accounts accounts, Sessions sessions, Logins logins, Pages pages) {
        this.accounts = accounts;
        this.sessions = sessions;
        this.logins = logins;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on(Permission.ADMIN, "GET", USERS, this::users)
                .on(Permission.ADMIN, "POST", USERS + "/add", this::add)
                .on(Permission.ADMIN, "POST", USERS + "/role", this::setRole)
                .on(Permission.ADMIN, "POST", USERS + "/password", this::setPassword)
                .on(Permission.ADMIN, "POST", USERS + "/disable", call -> setDisabled(call, true))
                .on(Permission.ADMIN, "POST", USERS + "/enable", call -> setDisabled(call, false))
                .on(Permission.ADMIN, "POST", USERS + "/remove", this::remove)
                .on(Permission.ADMIN, "GET", KEYS, this::keys)
                .on(Permission.ADMIN, "POST", KEYS, this::makeKey)
                .on(Permission.ADMIN, "POST", KEYS + "/revoke", this::revokeKey)
                .on(Permission.READ, "GET", ME, call -> me(call, ""))
                .on(Permission.READ, "POST", ME + "/password", this::changeMine);
    }

    private Reply users(Call call) {
        call.takesOnly("after");
        List<User> users = accounts.users(call.query("after").orElse(""), PAGE);
        String next = users.size() < PAGE ? "" : users.getLast().name();
        return pages.show(call, Section.USERS, "Users", "users.jte", Map.of("users", users, "next", next));
    }

    private static String required(Map<String, String> form, String name) {
        String value = form.getOrDefault(name, "");
        if (value.isBlank()) {
            throw Problem.of(ProblemCode.FIELD_MISSING, "'" + name + "' is empty; fill it in.");
        }
        return value;
    }

    private static Role role(Map<String, String> form) {
        String given = required(form, "role");
        for (Role role : Role.values()) {
            if (role.name().equals(given)) {
                return role;
            }
        }
        throw Problem.of(ProblemCode.FIELD_INVALID, "There is no role '" + given + "'.");
    }

    private Reply add(Call call) {
        call.takesOnly();
        Map<String, String> form = call.form();
        return pages.act(call, USERS, () -> {
            User added = accounts.addUser(
                    required(form, "name"),
                    required(form, "password"),
                    role(form),
                    call.caller().name());
            return Flash.done(added.name() + " may log in as " + added.role().word() + ".");
        });
    }

    private Reply setRole(Call call) {
        call.takesOnly();
        Map<String, String> form = call.form();
        return pages.act(call, USERS, () -> {
            String name = required(form, "name");
            Role role = role(form);
            accounts.setRole(name, role, call.caller().name());
            return Flash.done(name + " is " + role.word() + ".");
        });
    }

    private Reply setPassword(Call call) {
        call.takesOnly();
        Map<String, String> form = call.form();
        return pages.act(call, USERS, () -> {
            String name = required(form, "name");
            accounts.setPassword(name, required(form, "password"), call.caller().name());
            return Flash.done(name + " has another password; their sessions ended.");
        });
    }

    private Reply setDisabled(Call call, boolean disabled) {
        call.takesOnly();
        Map<String, String> form = call.form();
        return pages.act(call, USERS, () -> {
            String name = required(form, "name");
            accounts.setDisabled(name, disabled, call.caller().name());
            return Flash.done(name + (disabled ? " is kept out; their sessions ended." : " may log in again."));
        });
    }

    private Reply remove(Call call) {
        call.takesOnly();
        Map<String, String> form = call.form();
        return pages.act(call, USERS, () -> {
            String name = required(form, "name");
            accounts.removeUser(name, call.caller().name());
            return Flash.done(name + " is removed.");
        });
    }

    private Reply keys(Call call) {
        call.takesOnly("before");
        return keys(call, call.query("before", Long.MAX_VALUE, 1, Long.MAX_VALUE), "", "");
    }

    private Reply keys(Call call, long before, String made, String secret) {
        List<ApiKey> keys = accounts.keys(before, PAGE);
        String next = keys.size() < PAGE ? "" : Long.toString(keys.getLast().id());
        return pages.show(
                call,
                Section.KEYS,
                "API keys",
                "keys.jte",
                Map.of("keys", keys, "next", next, "made", made, "secret", secret));
    }

    /** Answers with the secret itself: a redirect would have to carry it in an address or a cookie. */
    private Reply makeKey(Call call) {
        call.takesOnly();
        Map<String, String> form = call.form();
        try {
            Set<Permission> scopes = Permission.ALL.stream()
                    .filter(scope -> form.containsKey(scope.name()))
                    .collect(Collectors.toSet());
            NewKey made = accounts.createKey(
                    required(form, "name"),
                    scopes,
                    validity(form),
                    call.caller().name());
            return keys(call, Long.MAX_VALUE, made.key().name(), made.secret());
        } catch (TidemillException refused) {
            return pages.act(call, KEYS, () -> {
                throw refused;
            });
        } catch (Problem refused) {
            return pages.act(call, KEYS, () -> {
                throw refused;
            });
        }
    }

    private static @Nullable Duration validity(Map<String, String> form) {
        String days = form.getOrDefault("days", "").strip();
        if (days.isEmpty()) {
            return null;
        }
        if (!days.matches("\\d{1,4}")) {
            throw Problem.of(ProblemCode.FIELD_INVALID, "'days' is '" + days + "'; it is a number from 1 to 3653.");
        }
        return Duration.ofDays(Integer.parseInt(days));
    }

    private Reply revokeKey(Call call) {
        call.takesOnly();
        Map<String, String> form = call.form();
        return pages.act(call, KEYS, () -> {
            String name = required(form, "name");
            return accounts.revokeKey(name, call.caller().name())
                    ? Flash.done("The key " + name + " is revoked.")
                    : Flash.refused("No key " + name + " holds; nothing was changed.");
        });
    }

    private static boolean isUser(Call call) {
        return call.caller().means() == Caller.Means.SESSION
                && !call.caller().name().equals(Token.NAME);
    }

    private Reply me(Call call, String message) {
        call.takesOnly();
        return pages.show(
                call,
                null,
                "You",
                "me.jte",
                Map.of(
                        "permissions",
                        Accounts.words(call.caller().permissions()),
                        "user",
                        isUser(call),
                        "message",
                        message));
    }

    /** All sessions end with the old password; this browser gets a new one. */
    private Reply changeMine(Call call) {
        call.takesOnly();
        Map<String, String> form = call.form();
        if (!isUser(call)) {
            throw new TidemillException(ErrorCode.NOT_FOUND, "Only a user who is logged in has a password.");
        }
        String name = call.caller().name();
        String fresh = form.getOrDefault("new", "");
        if (!fresh.equals(form.getOrDefault("again", ""))) {
            return me(call, "The two new passwords differ.").status(400);
        }
        Optional<Logins.Outcome> refused = logins.refusal(name, form.getOrDefault("old", ""), call.address());
        if (refused.isPresent()) {
            return refused.get() instanceof Logins.Outcome.Wait wait
                    ? me(call, WaysIn.tooEarly(wait.length()))
                            .status(429)
                            .header("Retry-After", Long.toString(WaysIn.seconds(wait.length())))
                    : me(call, "That is not your password.").status(400);
        }
        try {
            accounts.setPassword(name, fresh, name);
        } catch (TidemillException weak) {
            if (weak.code() != ErrorCode.INVALID_OPTION) {
                throw weak;
            }
            return me(call, String.valueOf(weak.getMessage())).status(400);
        }
        String secret = sessions.reopen(name);
        return Reply.seeOther("/").header("Set-Cookie", SessionCookie.set(call, secret));
    }
}
