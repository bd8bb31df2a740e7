package dev.tidemill.server.access;

import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Identification;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Pages;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who may use a server, put together: what it knows callers by, and the routes and pages around that. Thread safe. */
@SuppressWarnings("exports") // For the server itself: nobody else calls it.
public final class AccessControl {
    private final Accounts accounts;
    private final @Nullable Token token;
    private final boolean open;
    private final Door door;
    private final WaysIn waysIn;
    private final AccountPages accountPages;

    /**
     * Creates it.
     *
     * @param token the server's own; null if it has none
     * @param open whether nobody is asked who they are
     */
    public AccessControl(Accounts accounts, @Nullable Token token, boolean open, Pages pages) {
        this.accounts = accounts;
        this.token = token;
        this.open = open;
        Sessions sessions = new Sessions(accounts, token);
        this.door = new Door(accounts, sessions, token);
        this.waysIn = new WaysIn(accounts, sessions, door, token, pages);
        this.accountPages = new AccountPages(accounts, sessions, waysIn.logins(), pages);
    }

    /** What callers are known by; null where nobody is asked. */
    public @Nullable Identification identification() {
        return open ? null : door;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        accountPages.mount(router);
        if (!open) {
            waysIn.mount(router);
        }
    }

    /** What a browser is shown instead of a bare refusal. */
    public Reply instead(Call call, Reply refusal) {
        return open ? refusal : waysIn.instead(call, refusal);
    }

    /** A code for the link that makes the first user; empty if there is one, or another way in. */
    public Optional<String> setUpCode() {
        return open || token != null || accounts.hasUsers()
                ? Optional.empty()
                : Optional.of(waysIn.setUp().offer());
    }
}
