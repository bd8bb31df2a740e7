package dev.tidemill.server.page;

import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.Reply;
import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Renders pages in the dashboard's layout, and answers the forms on them. A room's template takes a {@link Frame} named
 * {@code frame}, what else it needs, and begins with {@code @template.layout(frame = frame, content = @`..`)}. Thread
 * safe.
 */
public final class Pages {
    /** How long a form may be that holds no payload: names, numbers, and the ids of a page's jobs. */
    public static final int FORM_BYTES = 64 << 10;

    private final TemplateEngine templates = TemplateEngine.createPrecompiled(
            null, ContentType.Html, Pages.class.getClassLoader(), "dev.tidemill.server.page.templates");
    private final Assets assets = new Assets();
    private final boolean locked;
    private final LongSupplier deadLetters;

    /**
     * Creates it.
     *
     * @param locked whether people log in here
     * @param deadLetters how many there are, asked for on every page, so cheap to tell
     */
    public Pages(boolean locked, LongSupplier deadLetters) {
        this.locked = locked;
        this.deadLetters = deadLetters;
    }

    /** The files that pages refer to. */
    public Assets assets() {
        return assets;
    }

    /**
     * A page.
     *
     * @param section the room it is in; null for none
     * @param title its heading
     * @param template its template, such as {@code queues.jte}
     * @param model the template's parameters beside {@code frame}
     */
    public Reply show(Call call, @Nullable Section section, String title, String template, Map<String, ?> model) {
        Flash flash = Flash.of(call).orElse(null);
        Map<String, Object> all = new HashMap<>(model);
        all.put("frame", new Frame(section, title, assets, call.caller(), flash, locked, deadLetters.getAsLong()));
        Reply page = Reply.html(render(template, all));
        return call.cookie(Flash.COOKIE).isPresent() ? page.header("Set-Cookie", Flash.endCookie(call)) : page;
    }

    /** A template without a layout around it. */
    public String render(String template, Map<String, Object> model) {
        StringOutput html = new StringOutput();
        templates.render(template, model, html);
        return html.toString();
    }

    /** A page that says what is wrong; the problem's status and headers stay. */
    public Reply problem(Call call, Problem problem) {
        if (!call.caller().may(Permission.READ)) {
            // The layout says how things stand.
            return problem.reply();
        }
        Reply page = show(call, null, problem.title(), "problem.jte", Map.of("problem", problem))
                .status(problem.status());
        for (Map.Entry<String, String> header : problem.reply().headers().entrySet()) {
            page = page.header(header.getKey(), header.getValue());
        }
        return page;
    }

    /**
     * Does what a form asks for and sends the browser on, to a page that says what came of it: also if it was refused,
     * unless the server is to blame.
     *
     * @param where the path to go on with
     */
    public Reply act(Call call, String where, Supplier<Flash> action) {
        return Reply.seeOther(where)
                .header("Set-Cookie", orElse(action, Flash::refused).setCookie(call));
    }

    /**
     * Does what a form asks for; if it was refused, answers with the form once more, with status 422: unless the server is
     * to blame.
     *
     * @param again the form with what was typed, and with this that is wrong about it
     */
    public static Reply orAgain(Supplier<Reply> action, Function<String, Reply> again) {
        return orElse(action, wrong -> again.apply(wrong).status(422));
    }

    private static <T> T orElse(Supplier<T> action, Function<String, T> refused) {
        Problem problem;
        try {
            return action.get();
        } catch (TidemillException given) {
            problem = Problem.of(given);
            if (problem.status() >= 500) {
                throw given;
            }
        } catch (Problem malformed) {
            problem = malformed;
        }
        return refused.apply(problem.detail());
    }

    /** Where a form wants to go on: a path of this server, or the usual one. */
    public static String back(Form form, String usually) {
        String wished = form.text("back");
        boolean ours = wished.startsWith("/")
                && !wished.startsWith("//")
                && wished.length() <= 2000
                && wished.chars().allMatch(one -> one > ' ' && one < 127 && one != '\\');
        return ours ? wished : usually;
    }
}
