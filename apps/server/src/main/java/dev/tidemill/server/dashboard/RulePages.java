package dev.tidemill.server.dashboard;

import dev.tidemill.rules.Rule;
import dev.tidemill.rules.RuleStatus;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import dev.tidemill.server.rules.RuleBook;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Rules on data changes: how they are, each with its keys and what sweeps found, and steering them. */
final class RulePages {
    private static final String PATH = "/rules";
    private static final String ONE = PATH + "/{name}";
    private static final int KEYS = 100;

    private final RuleBook rules;
    private final Pages pages;

    RulePages(RuleBook rules, Pages pages) {
        this.rules = rules;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("GET", ONE, this::show)
                .on("POST", ONE + "/pause", call -> act(call, this::pause))
                .on("POST", ONE + "/resume", call -> act(call, this::resume))
                .on("POST", ONE + "/repair", call -> act(call, this::repair))
                .on("POST", ONE + "/release", call -> act(call, this::release))
                .on("POST", ONE + "/backfill", call -> act(call, this::backfill))
                .on("POST", ONE + "/cancel-backfill", call -> act(call, this::cancelBackfill))
                .on("POST", ONE + "/sweep", call -> act(call, this::sweep))
                .on("POST", ONE + "/dry-run", call -> act(call, this::dryRun))
                .on(Permission.ADMIN, "POST", ONE + "/remove", this::remove);
    }

    private Reply list(Call call) {
        call.takesOnly();
        List<RuleStatus> all = rules.all();
        return pages.show(
                call,
                Section.RULES,
                "Rules",
                "rules.jte",
                Map.of("rules", all, "alarms", rules.alarms(), "now", Instant.now()));
    }

    private Reply show(Call call) {
        call.takesOnly();
        String name = call.path("name");
        RuleStatus rule = rules.one(name);
        return pages.show(
                call,
                Section.RULES,
                name,
                "rule.jte",
                Map.of(
                        "rule",
                        rule,
                        "alarms",
                        rules.alarms().stream()
                                .filter(alarm -> alarm.rule().equals(name))
                                .toList(),
                        "parked",
                        rules.parked(name, KEYS),
                        "drift",
                        rules.drift(name, KEYS),
                        "now",
                        Instant.now()));
    }

    /** What a form asks for. */
    private record Asked(String name, Form form, Call call) {
        <T> T of(RuleBook rules, Function<Rule, T> change) {
            return rules.change(name, call.caller().name(), change);
        }
    }

    private Reply act(Call call, Function<Asked, Flash> deed) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        String name = call.path("name");
        return pages.act(
                call, Pages.back(form, PATH + "/" + Format.url(name)), () -> deed.apply(new Asked(name, form, call)));
    }

    private Flash pause(Asked asked) {
        return asked.of(rules, Rule::pause)
                ? Flash.done("Rule " + asked.name() + " is paused; changes are noticed and wait.")
                : Flash.refused("Rule " + asked.name() + " was paused before.");
    }

    private Flash resume(Asked asked) {
        return asked.of(rules, Rule::resume)
                ? Flash.done("Rule " + asked.name() + " goes on.")
                : Flash.refused("Rule " + asked.name() + " was not paused.");
    }

    private Flash repair(Asked asked) {
        asked.of(rules, rule -> {
            rule.repair();
            return true;
        });
        return Flash.done("The triggers of rule " + asked.name() + " are made again; backfill what was missed.");
    }

    private Flash release(Asked asked) {
        String key = asked.form().required("key");
        return asked.of(rules, rule -> rule.release(key))
                ? Flash.done("Key " + key + " is given back.")
                : Flash.refused("Key " + key + " is not parked.");
    }

    private Flash backfill(Asked asked) {
        int rate = asked.form().whole("rate").orElse(Rule.ROWS_PER_SECOND);
        asked.of(rules, rule -> rule.backfill(rate));
        return Flash.done("A backfill of rule " + asked.name() + " is under way.");
    }

    private Flash cancelBackfill(Asked asked) {
        return asked.of(rules, Rule::cancelBackfill)
                ? Flash.done("The backfill of rule " + asked.name() + " is cancelled.")
                : Flash.refused("Rule " + asked.name() + " has no backfill under way.");
    }

    private Flash sweep(Asked asked) {
        long job = asked.of(rules, Rule::askForSweep);
        return Flash.done("Job " + job + " does the sweep, in a process that has the rule's code.");
    }

    private Flash dryRun(Asked asked) {
        int rows = asked.form().whole("rows").orElse(1_000);
        long job = asked.of(rules, rule -> rule.askForDryRun(rows));
        return Flash.done(
                "Job " + job + " does the dry run, in a process that has the rule's code; its page has the report.");
    }

    private Reply remove(Call call) {
        call.takesOnly();
        call.fields(Pages.FORM_BYTES);
        String name = call.path("name");
        return pages.act(
                call,
                PATH,
                () -> rules.change(name, call.caller().name(), Rule::remove)
                        ? Flash.done("Rule " + name + " is removed, with its triggers and what waited for it.")
                        : Flash.refused("There is no rule " + name + "."));
    }
}
