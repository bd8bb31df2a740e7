package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import dev.tidemill.server.push.Endpoint;
import dev.tidemill.server.push.EndpointBook.Standing;
import dev.tidemill.server.push.Pusher;
import dev.tidemill.server.push.Pusher.Tried;
import dev.tidemill.server.push.WebhookSecret;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Where jobs are sent: how it stands, pausing and resuming, and, for admins, the rest. A secret is shown once. */
final class EndpointPages {
    private static final String PATH = "/endpoints";
    private static final int KEEP_HOURS = 24;

    private final Tidemill mill;
    private final Pusher pusher;
    private final Pages pages;

    EndpointPages(Tidemill mill, Pusher pusher, Pages pages) {
        this.mill = mill;
        this.pusher = pusher;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("POST", PATH + "/pause", this::pause)
                .on("POST", PATH + "/resume", this::resume)
                .on(Permission.ADMIN, "POST", PATH + "/put", this::put)
                .on(Permission.ADMIN, "POST", PATH + "/rotate", this::rotate)
                .on(Permission.ADMIN, "POST", PATH + "/test", this::test)
                .on(Permission.ADMIN, "POST", PATH + "/remove", this::remove);
    }

    private Reply list(Call call) {
        call.takesOnly("change");
        Optional<String> change = call.query("change");
        List<Standing> endpoints = pusher.book().list();
        EndpointForm form = change.flatMap(name -> endpoints.stream()
                        .map(Standing::endpoint)
                        .filter(endpoint -> endpoint.name().equals(name))
                        .findFirst())
                .map(EndpointForm::of)
                .orElseGet(EndpointForm::empty);
        return show(call, endpoints, form, "", "", "");
    }

    private Reply show(
            Call call, List<Standing> endpoints, EndpointForm typed, String wrong, String made, String secret) {
        Map<String, BreakerView.State> breakers = mill.breakers().list().stream()
                .collect(Collectors.toMap(view -> view.breaker().name(), BreakerView::state, (one, other) -> one));
        Map<String, Object> model = new HashMap<>();
        model.put("endpoints", endpoints);
        model.put("breakers", breakers);
        model.put("typed", typed);
        model.put(
                "change",
                endpoints.stream().anyMatch(one -> one.endpoint().name().equals(typed.name())));
        model.put("wrong", wrong);
        model.put("made", made);
        model.put("secret", secret);
        model.put("now", Instant.now());
        return pages.show(call, Section.ENDPOINTS, "Endpoints", "endpoints.jte", model);
    }

    private Reply pause(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return act(call, () -> {
            String name = form.required("endpoint");
            pusher.book().pause(name, call.caller().name(), form.text("reason"));
            return Flash.done("Nothing is sent to " + name + " any more; what was sent is waited for.");
        });
    }

    private Reply resume(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return act(call, () -> {
            String name = form.required("endpoint");
            pusher.book().resume(name, call.caller().name());
            return Flash.done("Jobs are sent to " + name + " again.");
        });
    }

    private Reply remove(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return act(call, () -> {
            String name = form.required("endpoint");
            pusher.book().delete(name, call.caller().name());
            return Flash.done("Endpoint " + name + " is removed; its jobs wait for another handler.");
        });
    }

    private Reply test(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            String name = form.required("endpoint");
            Tried tried = pusher.test(name, call.caller().name());
            String took = " after " + Format.duration(tried.took());
            if (tried.error() == null) {
                return Flash.done(name + " answered " + tried.status() + took + ".");
            }
            return Flash.refused(name + (tried.status() == 0 ? " did not answer" : " answered " + tried.status()) + took
                    + ": " + tried.error());
        });
    }

    private Reply act(Call call, Supplier<Flash> action) {
        return pages.act(call, PATH, () -> {
            Flash done = action.get();
            pusher.changed();
            return done;
        });
    }

    private Reply put(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return showing(call, EndpointForm.of(form), () -> {
            Endpoint typed = EndpointForm.endpoint(form);
            Optional<Endpoint> present = pusher.book().find(typed.name()).map(Standing::endpoint);
            @Nullable
            WebhookSecret given = form.value("secret").map(WebhookSecret::parse).orElse(null);
            Optional<WebhookSecret> made = pusher.put(
                    EndpointForm.withValues(typed, present),
                    given,
                    call.caller().name());
            return made.map(secret -> secret(call, typed.name(), secret))
                    .orElseGet(
                            () -> pages.act(call, PATH, () -> Flash.done("Endpoint " + typed.name() + " is changed.")));
        });
    }

    private Reply rotate(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return showing(call, EndpointForm.empty(), () -> {
            String name = form.required("endpoint");
            Duration keep = Duration.ofHours(form.whole("keep_hours").orElse(KEEP_HOURS));
            WebhookSecret secret = WebhookSecret.random();
            pusher.book().rotate(name, secret, keep, call.caller().name());
            pusher.changed();
            return secret(call, name, secret);
        });
    }

    /** Answers with the secret itself: a redirect would have to carry it in an address or a cookie. */
    private Reply secret(Call call, String name, WebhookSecret secret) {
        return show(call, pusher.book().list(), EndpointForm.empty(), "", name, secret.text());
    }

    /** An action that answers with a page; what is wrong with the form is told beside what was typed. */
    private Reply showing(Call call, EndpointForm typed, Supplier<Reply> action) {
        return Pages.orAgain(action, wrong -> show(call, pusher.book().list(), typed, wrong, "", ""));
    }
}
