package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.util.Map;

/** The processes at work, and draining them. */
final class NodePages {
    private static final String PATH = "/nodes";

    private final Tidemill mill;
    private final Pages pages;

    NodePages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("POST", PATH + "/drain", this::drain)
                .on("POST", PATH + "/undrain", this::undrain);
    }

    private Reply list(Call call) {
        call.takesOnly();
        return pages.show(
                call,
                Section.NODES,
                "Nodes",
                "nodes.jte",
                Map.of(
                        "stats",
                        mill.stats(),
                        "drained",
                        mill.nodes().drained(),
                        "chunks",
                        mill.chunks(),
                        "heap",
                        mill.heap()));
    }

    private Reply drain(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            String node = form.required("node");
            return mill.nodes().drain(node, call.caller().name(), form.text("reason"))
                    ? Flash.done("Node " + node + " claims nothing more, and finishes what runs.")
                    : Flash.refused("Node " + node + " is drained already.");
        });
    }

    private Reply undrain(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            String node = form.required("node");
            return mill.nodes().undrain(node, call.caller().name())
                    ? Flash.done("Node " + node + " is called back.")
                    : Flash.refused("Node " + node + " is not drained.");
        });
    }
}
