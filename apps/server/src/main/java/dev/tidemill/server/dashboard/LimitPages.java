package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Concurrency and rate limits, and the queues in which keys take turns. */
final class LimitPages {
    private static final String PATH = "/limits";

    private final Tidemill mill;
    private final Pages pages;

    LimitPages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("POST", PATH + "/put", this::put)
                .on("POST", PATH + "/remove", this::remove)
                .on("POST", "/fair-queues/share", this::share)
                .on("POST", "/fair-queues/unshare", this::unshare)
                .on("POST", "/fair-queues/weigh", this::weigh);
    }

    private Reply list(Call call) {
        call.takesOnly();
        return pages.show(
                call,
                Section.LIMITS,
                "Limits",
                "limits.jte",
                Map.of(
                        "limits",
                        mill.limits().list(),
                        "fair",
                        mill.limits().fairQueues(),
                        "weights",
                        mill.limits().weights()));
    }

    private Reply put(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, Pages.back(form, PATH), () -> {
            @Nullable Integer concurrency = form.whole("concurrency").orElse(null);
            @Nullable Integer rate = form.whole("rate").orElse(null);
            if (concurrency == null && rate == null) {
                throw Problem.of(
                        ProblemCode.FIELD_MISSING, "The limit says nothing: give how many at a time, or a rate.");
            }
            @Nullable Duration per = null;
            if (rate != null) {
                form.required("per");
                per = form.seconds("per").orElseThrow();
            }
            Limit named = named(form);
            mill.limits()
                    .by(call.caller().name())
                    .put(new Limit(
                            named.scope(),
                            named.name(),
                            named.perKey(),
                            concurrency,
                            rate,
                            per,
                            rate == null ? null : form.whole("burst").orElse(rate)));
            return Flash.done(Format.capital(what(named)) + " is limited.");
        });
    }

    private Reply remove(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, Pages.back(form, PATH), () -> {
            Limit named = named(form);
            return mill.limits().by(call.caller().name()).remove(named)
                    ? Flash.done("The limit on " + what(named) + " is gone.")
                    : Flash.refused("There is no such limit; nothing was changed.");
        });
    }

    private Reply share(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, Pages.back(form, PATH + "#fair"), () -> {
            String queue = form.required("queue");
            mill.limits().by(call.caller().name()).shareFairly(queue);
            return Flash.done("The keys of queue " + queue + " take turns from now on.");
        });
    }

    private Reply unshare(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, Pages.back(form, PATH + "#fair"), () -> {
            String queue = form.required("queue");
            return mill.limits().by(call.caller().name()).shareByDeadline(queue)
                    ? Flash.done("Queue " + queue + " goes by start deadlines alone.")
                    : Flash.refused("The keys of queue " + queue + " do not take turns.");
        });
    }

    private Reply weigh(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, Pages.back(form, PATH + "#fair"), () -> {
            String key = form.required("key");
            int weight = form.whole("weight").orElse(1);
            mill.limits().by(call.caller().name()).weigh(form.required("queue"), key, weight);
            return Flash.done("Key " + key + " gets " + weight + (weight == 1 ? " turn" : " turns") + " in a round.");
        });
    }

    private static Limit named(Form form) {
        String scope = form.required("scope");
        String name = form.required("name");
        Limit limit = scope.equals("KIND") ? Limit.ofKind(name) : Limit.ofQueue(name);
        return form.ticked("per_key") ? limit.forEachKey() : limit;
    }

    private static String what(Limit limit) {
        return Format.words(limit.scope()) + " " + limit.name() + (limit.perKey() ? ", for each key" : "");
    }
}
