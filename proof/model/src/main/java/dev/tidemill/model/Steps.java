package dev.tidemill.model;

import dev.tidemill.model.Checker.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Gathers what can happen in a state. */
final class Steps {
    private final World from;
    private final List<Step<World>> all = new ArrayList<>();

    Steps(World from) {
        this.from = from;
    }

    World from() {
        return from;
    }

    /** This can happen, and changes that. */
    void can(String what, Consumer<World> change) {
        World next = from.copy();
        change.accept(next);
        all.add(new Step<>(what, next));
    }

    List<Step<World>> all() {
        return all;
    }
}
