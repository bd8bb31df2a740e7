package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.KeyWeight;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Limits;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Pauses;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.Control;
import dev.tidemill.jobs.store.Control.Changed;
import dev.tidemill.jobs.store.Hint;
import java.util.List;
import java.util.function.Consumer;

/** Limits and pauses as the application sees them: checked, and whoever can run what was set free is woken. */
final class Steering implements Limits, Pauses {
    private static final int LONGEST_BY = 100;
    private static final int LONGEST_REASON = 500;
    private static final int HEAVIEST = 16;

    private final Control control;
    private final Consumer<List<Hint>> committed;
    private final String self;

    Steering(Control control, Consumer<List<Hint>> committed, String self) {
        this.control = control;
        this.committed = committed;
        this.self = self;
    }

    @Override
    public Limits by(String who) {
        checkText("The name of who changes limits", who, 1, LONGEST_BY);
        return new Steering(control, committed, who);
    }

    @Override
    public void put(Limit limit) {
        if (limit.concurrency() == null && limit.rate() == null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The limit on " + limit.name() + " limits nothing; give it a concurrency or a rate, or remove it.");
        }
        Engine.run(() -> control.putLimit(limit, self));
    }

    @Override
    public boolean remove(Limit limit) {
        return woken(Engine.translated(() -> control.removeLimit(limit, self)));
    }

    @Override
    public List<LimitView> list() {
        return Engine.translated(control::limits);
    }

    @Override
    public void shareFairly(String queue) {
        Engine.run(() -> control.share(Limit.ofQueue(queue).name(), true, self));
    }

    @Override
    public boolean shareByDeadline(String queue) {
        return Engine.translated(() -> control.share(Limit.ofQueue(queue).name(), false, self));
    }

    @Override
    public List<String> fairQueues() {
        return Engine.translated(control::fairQueues);
    }

    @Override
    public void weigh(String queue, String key, int weight) {
        if (weight < 1 || weight > HEAVIEST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The weight is " + weight + "; it must be between 1, which every key has, and " + HEAVIEST + ".");
        }
        String valid = Pauses.validName(Pause.Scope.KEY, key);
        if (!Engine.translated(() -> control.weigh(Limit.ofQueue(queue).name(), valid, weight, self))) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The keys of queue '" + queue + "' do not take turns, so the weight " + weight + " of key '" + valid
                            + "' would do nothing. Share the queue fairly first.");
        }
    }

    @Override
    public List<KeyWeight> weights() {
        return Engine.translated(control::weights);
    }

    @Override
    public boolean pause(Pause.Scope scope, String name, String by, String reason) {
        String valid = Pauses.validName(scope, name);
        checkText("The name of who pauses", by, 1, LONGEST_BY);
        checkText("The reason", reason, 0, LONGEST_REASON);
        return Engine.translated(() -> control.pause(scope, valid, by, reason));
    }

    @Override
    public boolean resume(Pause.Scope scope, String name, String by) {
        String valid = Pauses.validName(scope, name);
        checkText("The name of who resumes", by, 1, LONGEST_BY);
        return woken(Engine.translated(() -> control.resume(scope, valid, by)));
    }

    @Override
    public List<Pause> paused() {
        return Engine.translated(control::pauses);
    }

    private boolean woken(Changed changed) {
        committed.accept(changed.hints());
        return changed.done();
    }

    static void checkText(String what, String text, int least, int most) {
        if (text.length() < least || text.length() > most || text.indexOf('\0') >= 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    what + " has " + text.length() + " characters; it needs " + least + " to " + most
                            + ", none of them NUL.");
        }
    }
}
