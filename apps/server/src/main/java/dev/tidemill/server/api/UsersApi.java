package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.access.Role;
import dev.tidemill.server.access.User;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Users: who may log in, and as what. And who is asking. */
public final class UsersApi {
    private static final String PATH = "/api/v1/users";
    private static final String ONE = PATH + "/{name}";

    private final Accounts accounts;

    /** Creates it. */
    public UsersApi(Accounts accounts) {
        this.accounts = accounts;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on(Permission.READ, "GET", "/api/v1/me", this::me)
                .on(Permission.ADMIN, "GET", PATH, this::list)
                .on(Permission.ADMIN, "POST", PATH, this::add)
                .on(Permission.ADMIN, "GET", ONE, this::show)
                .on(Permission.ADMIN, "DELETE", ONE, this::remove)
                .on(Permission.ADMIN, "PUT", ONE + "/role", this::setRole)
                .on(Permission.ADMIN, "PUT", ONE + "/password", this::setPassword)
                .on(Permission.ADMIN, "POST", ONE + "/disable", call -> setDisabled(call, true))
                .on(Permission.ADMIN, "POST", ONE + "/enable", call -> setDisabled(call, false));
    }

    private Reply me(Call call) {
        call.takesOnly();
        return Reply.json(Json.write(json -> {
            json.writeStartObject()
                    .writeStringProperty("name", call.caller().name())
                    .writeStringProperty("means", call.caller().means().name());
            json.writeArrayPropertyStart("permissions");
            call.caller().permissions().stream().sorted().forEach(one -> json.writeString(one.name()));
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply list(Call call) {
        call.takesOnly("after", "limit");
        int limit = (int) call.query("limit", 50, 1, 1000);
        List<User> users = accounts.users(call.query("after").orElse(""), limit);
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("users");
            users.forEach(user -> user(json, user));
            json.writeEndArray();
            if (users.size() < limit) {
                json.writeNullProperty("next_after");
            } else {
                json.writeStringProperty("next_after", users.getLast().name());
            }
            json.writeEndObject();
        }));
    }

    private Reply add(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "name", "password", "role");
        Role role = Fields.oneOf(Role.class, "role", fields.requiredText("role"));
        User added = accounts.addUser(
                fields.requiredText("name"),
                fields.requiredText("password"),
                role,
                call.caller().name());
        return Reply.json(Json.write(json -> user(json, added)))
                .status(201)
                .header("Location", PATH + "/" + added.name());
    }

    private Reply show(Call call) {
        call.takesOnly();
        String name = call.path("name");
        User user = accounts.user(name)
                .orElseThrow(() -> new TidemillException(ErrorCode.NOT_FOUND, "There is no user '" + name + "'."));
        return Reply.json(Json.write(json -> user(json, user)));
    }

    private Reply remove(Call call) {
        call.takesOnly();
        call.takesNoBody();
        accounts.removeUser(call.path("name"), call.caller().name());
        return Reply.empty(204);
    }

    private Reply setRole(Call call) {
        call.takesOnly();
        String role = Fields.read(call.json(), "role").requiredText("role");
        accounts.setRole(
                call.path("name"),
                Fields.oneOf(Role.class, "role", role),
                call.caller().name());
        return Reply.empty(204);
    }

    private Reply setPassword(Call call) {
        call.takesOnly();
        String password = Fields.read(call.json(), "password").requiredText("password");
        accounts.setPassword(call.path("name"), password, call.caller().name());
        return Reply.empty(204);
    }

    private Reply setDisabled(Call call, boolean disabled) {
        call.takesOnly();
        call.takesNoBody();
        accounts.setDisabled(call.path("name"), disabled, call.caller().name());
        return Reply.empty(204);
    }

    private static void user(JsonGenerator json, User user) {
        json.writeStartObject()
                .writeStringProperty("name", user.name())
                .writeStringProperty("role", user.role().name())
                .writeBooleanProperty("disabled", user.disabled());
        time(json, "created_at", user.createdAt());
        time(json, "password_at", user.passwordAt());
        time(json, "login_at", user.loginAt());
        json.writeEndObject();
    }

    static void time(JsonGenerator json, String name, @Nullable Instant at) {
        if (at == null) {
            json.writeNullProperty(name);
        } else {
            json.writeStringProperty(name, at.toString());
        }
    }
}
