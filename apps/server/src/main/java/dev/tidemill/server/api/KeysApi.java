package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.access.ApiKey;
import dev.tidemill.server.access.NewKey;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.core.JsonGenerator;

/** API keys: what programs show to come in. */
public final class KeysApi {
    private static final String PATH = "/api/v1/keys";

    private final Accounts accounts;

    /** Creates it. */
    public KeysApi(Accounts accounts) {
        this.accounts = accounts;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on(Permission.ADMIN, "GET", PATH, this::list)
                .on(Permission.ADMIN, "POST", PATH, this::create)
                .on(Permission.ADMIN, "DELETE", PATH + "/{name}", this::revoke);
    }

    private Reply list(Call call) {
        call.takesOnly("before", "limit");
        int limit = (int) call.query("limit", 50, 1, 1000);
        List<ApiKey> keys = accounts.keys(call.query("before", Long.MAX_VALUE, 1, Long.MAX_VALUE), limit);
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("keys");
            keys.forEach(key -> {
                json.writeStartObject();
                key(json, key);
                json.writeEndObject();
            });
            json.writeEndArray();
            JobJson.next(
                    json,
                    "next_before",
                    keys.size() < limit ? 0 : keys.getLast().id());
            json.writeEndObject();
        }));
    }

    private Reply create(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), Set.of("scopes"), "name", "scopes", "expires_in");
        Set<Permission> scopes = fields.texts("scopes").stream()
                .map(scope -> Fields.oneOf(Permission.class, "scopes", scope))
                .collect(Collectors.toSet());
        NewKey made = accounts.createKey(
                fields.requiredText("name"),
                scopes,
                fields.duration("expires_in"),
                call.caller().name());
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeStringProperty("secret", made.secret());
                    key(json, made.key());
                    json.writeEndObject();
                }))
                .status(201);
    }

    private Reply revoke(Call call) {
        call.takesOnly();
        call.takesNoBody();
        String name = call.path("name");
        if (!accounts.revokeKey(name, call.caller().name())) {
            throw new TidemillException(ErrorCode.NOT_FOUND, "No key '" + name + "' holds; nothing was changed.");
        }
        return Reply.empty(204);
    }

    private static void key(JsonGenerator json, ApiKey key) {
        json.writeNumberProperty("id", key.id()).writeStringProperty("name", key.name());
        json.writeArrayPropertyStart("scopes");
        key.scopes().stream().sorted().forEach(scope -> json.writeString(scope.name()));
        json.writeEndArray();
        UsersApi.time(json, "created_at", key.createdAt());
        json.writeStringProperty("created_by", key.createdBy());
        UsersApi.time(json, "expires_at", key.endsAt());
        UsersApi.time(json, "used_at", key.usedAt());
        UsersApi.time(json, "revoked_at", key.revokedAt());
    }
}
