package dev.tidemill.cli.json;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;

/** Limits, pauses and breakers as JSON with the names they have over HTTP; several commands show them. */
public final class ControlJson {
    private ControlJson() {}

    /** A limit and how it stands. */
    public static JsonObject limit(LimitView view) {
        Limit limit = view.limit();
        JsonObject json = new JsonObject()
                .with("scope", limit.scope())
                .with("name", limit.name())
                .with("per_key", limit.perKey())
                .withAny("concurrency", limit.concurrency())
                .withAny("rate", limit.rate());
        if (limit.per() != null) {
            json.millis("per_ms", limit.per());
        }
        return json.withAny("burst", limit.burst())
                .with("held", view.held())
                .with("waiting", view.waiting())
                .with("waiting_keys", view.waitingKeys());
    }

    /** A pause. */
    public static JsonObject pause(Pause pause) {
        return new JsonObject()
                .with("scope", pause.scope())
                .with("name", pause.name())
                .with("since", pause.since())
                .with("by", pause.by())
                .with("reason", pause.reason());
    }

    /** A breaker and its settings. */
    public static JsonObject breaker(BreakerView view) {
        Breaker breaker = view.breaker();
        JsonObject json = new JsonObject()
                .with("name", breaker.name())
                .with("state", view.state())
                .with("by_hand", view.byHand())
                .with("since", view.since())
                .withAny("next_probe", view.nextProbe())
                .with("failures_in_row", view.failuresInRow())
                .with("opened", view.opened())
                .withAny("last_error", view.lastError())
                .with("kinds", view.kinds())
                .with("failures", breaker.failures());
        if (breaker.ratio() != null) {
            json.with("ratio", breaker.ratio())
                    .with("at_least", breaker.atLeast())
                    .millis("within_ms", breaker.within());
        }
        return json.millis("open_for_ms", breaker.openFor()).millis("longest_ms", breaker.longest());
    }
}
