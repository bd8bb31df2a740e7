package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.rules.Rule;
import dev.tidemill.rules.RuleStatus;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.rules.RuleBook;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import tools.jackson.core.JsonGenerator;

/** The rules on data changes: how they are, and steering them. */
public final class RulesApi {
    private static final String RULES = "/api/v1/rules";
    private static final String ONE = RULES + "/{name}";
    private static final int MOST = 1_000;

    private final RuleBook rules;

    /** Creates it. */
    public RulesApi(RuleBook rules) {
        this.rules = rules;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", RULES, this::list)
                .on("GET", "/api/v1/rule-alarms", this::alarms)
                .on("GET", ONE, this::one)
                .on("GET", ONE + "/parked", this::parked)
                .on("GET", ONE + "/drift", this::drift)
                .on("POST", ONE + "/pause", call -> done(call, Rule::pause))
                .on("POST", ONE + "/resume", call -> done(call, Rule::resume))
                .on("POST", ONE + "/repair", this::repair)
                .on("POST", ONE + "/release", this::release)
                .on("POST", ONE + "/backfill", this::backfill)
                .on("DELETE", ONE + "/backfill", this::cancelBackfill)
                .on("POST", ONE + "/sweep", this::sweep)
                .on("POST", ONE + "/dry-run", this::dryRun)
                .on(Permission.ADMIN, "DELETE", ONE, this::remove);
    }

    private Reply list(Call call) {
        call.takesOnly();
        return many("rules", rules.all(), RuleJson::rule);
    }

    private Reply one(Call call) {
        call.takesOnly();
        RuleStatus rule = rules.one(call.path("name"));
        return Reply.json(Json.write(json -> RuleJson.rule(json, rule)));
    }

    private Reply alarms(Call call) {
        call.takesOnly();
        return many("alarms", rules.alarms(), RuleJson::alarm);
    }

    private Reply parked(Call call) {
        call.takesOnly("limit");
        return many("parked", rules.parked(call.path("name"), limit(call)), RuleJson::parked);
    }

    private Reply drift(Call call) {
        call.takesOnly("limit");
        return many("drift", rules.drift(call.path("name"), limit(call)), RuleJson::drift);
    }

    private static <T> Reply many(String name, List<T> all, BiConsumer<JsonGenerator, T> write) {
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart(name);
            all.forEach(one -> write.accept(json, one));
            json.writeEndArray().writeEndObject();
        }));
    }

    private static int limit(Call call) {
        return (int) call.query("limit", 50, 1, MOST);
    }

    private <T> T change(Call call, Function<Rule, T> change) {
        call.takesNoBody();
        return rules.change(call.path("name"), call.caller().name(), change);
    }

    private Reply done(Call call, Function<Rule, Boolean> change) {
        call.takesOnly();
        change(call, change);
        return Reply.empty(204);
    }

    private Reply repair(Call call) {
        return done(call, rule -> {
            rule.repair();
            return true;
        });
    }

    private Reply release(Call call) {
        call.takesOnly("key");
        String key = call.query("key")
                .orElseThrow(() -> Call.parameter("key", "The parameter 'key' is missing; it says which key."));
        return found(change(call, rule -> rule.release(key)), "The rule has no such key parked");
    }

    private Reply backfill(Call call) {
        call.takesOnly("rows_per_second");
        int rate = (int) call.query("rows_per_second", Rule.ROWS_PER_SECOND, 1, 100_000);
        return number("backfill", change(call, rule -> rule.backfill(rate)));
    }

    private Reply cancelBackfill(Call call) {
        call.takesOnly();
        return found(change(call, Rule::cancelBackfill), "The rule has no backfill under way");
    }

    private Reply sweep(Call call) {
        call.takesOnly();
        return number("job", change(call, Rule::askForSweep));
    }

    private Reply dryRun(Call call) {
        call.takesOnly("rows");
        int rows = (int) call.query("rows", 1_000, 1, 1_000_000);
        return number("job", change(call, rule -> rule.askForDryRun(rows)));
    }

    private Reply remove(Call call) {
        call.takesOnly();
        return found(change(call, Rule::remove), "There is no such rule");
    }

    /** What was begun goes on by itself. */
    private static Reply number(String name, long value) {
        return Reply.json(Json.write((JsonGenerator json) ->
                        json.writeStartObject().writeNumberProperty(name, value).writeEndObject()))
                .status(202);
    }

    private static Reply found(boolean there, String otherwise) {
        if (!there) {
            throw new TidemillException(ErrorCode.NOT_FOUND, otherwise + "; nothing was changed.");
        }
        return Reply.empty(204);
    }
}
