package dev.tidemill.model;

import java.io.ByteArrayOutputStream;

/**
 * One state: the database, where every session is in its work, and what the nodes remember. Kept as
 * numbers, because there are hundreds of thousands.
 */
@SuppressWarnings("EnumOrdinal")
final class World {
    /** Where a session is: what it does next. */
    enum At {
        IDLE,
        CLAIM_CLOSING,
        CLAIM_FENCE,
        CLAIM_LOCK,
        CLAIM_TAKE,
        CLAIM_CANCELS,
        CLAIM_COMMIT,
        RECONCILE_CLOSING,
        RECONCILE_FENCE,
        RECONCILE_RETURN,
        RECONCILE_COMMIT,
        COMPLETE_CLOSING,
        COMPLETE_FENCE,
        COMPLETE_WRITE,
        COMPLETE_COMMIT,
        FINISH_CLOSING,
        FINISH_FENCE,
        FINISH_WRITE,
        FINISH_END,
        FINISH_COMMIT,
        CANCEL_LOOK,
        RESCUE_MARK,
        RESCUE_LOCK,
        RESCUE_FENCE,
        RESCUE_RETURN,
        RESCUE_COMMIT
    }

    /** What a node remembers of a lease of its own. */
    enum Run {
        UNKNOWN,
        RUNNING,
        COMPLETING,
        UNCERTAIN,
        SUCCEEDED,
        FAILED,
        WRITTEN,
        GONE
    }

    final Database database;
    private final byte[] at;
    private final byte[] about;
    private final byte[] runs;
    private final byte[] leased;
    private int alive;
    private int usedLeases;
    private int deaths;
    private int lostReplies;
    private int warned;
    private int disobeyed;
    private int overtaken;

    World(Database database, int sessions, int leases, int nodes) {
        this(database, new byte[sessions], new byte[sessions], new byte[leases], new byte[leases]);
        this.alive = (1 << nodes) - 1;
    }

    private World(Database database, byte[] at, byte[] about, byte[] runs, byte[] leased) {
        this.database = database;
        this.at = at;
        this.about = about;
        this.runs = runs;
        this.leased = leased;
    }

    World copy() {
        World copy = new World(database.copy(), at.clone(), about.clone(), runs.clone(), leased.clone());
        copy.alive = alive;
        copy.usedLeases = usedLeases;
        copy.deaths = deaths;
        copy.lostReplies = lostReplies;
        copy.warned = warned;
        copy.disobeyed = disobeyed;
        copy.overtaken = overtaken;
        return copy;
    }

    At at(int session) {
        return At.values()[at[session]];
    }

    /** The lease, epoch or set of leases that the session is about. */
    int about(int session) {
        return about[session];
    }

    void go(int session, At to) {
        at[session] = (byte) to.ordinal();
        if (to == At.IDLE) {
            about[session] = 0;
        }
    }

    void go(int session, At to, int what) {
        at[session] = (byte) to.ordinal();
        about[session] = (byte) what;
    }

    Run run(int lease) {
        return Run.values()[runs[lease]];
    }

    void run(int lease, Run run) {
        runs[lease] = (byte) run.ordinal();
    }

    /** What a lease was when it was written; see {@link Layout#leaseOf}. */
    int leased(int lease) {
        return leased[lease];
    }

    void leased(int lease, int value) {
        leased[lease] = (byte) value;
    }

    boolean isAlive(int node) {
        return (alive & 1 << node) != 0;
    }

    void kill(int node) {
        alive &= ~(1 << node);
        deaths++;
    }

    int deaths() {
        return deaths;
    }

    int usedLeases() {
        return usedLeases;
    }

    int nextLease() {
        return usedLeases++;
    }

    int lostReplies() {
        return lostReplies;
    }

    void loseReply() {
        lostReplies++;
    }

    /** Which jobs were cancelled when the session's claim began, as a set. */
    int warned(int session) {
        return (warned >> (4 * session)) & 15;
    }

    void warn(int session, int jobs) {
        warned = (warned & ~(15 << (4 * session))) | (jobs << (4 * session));
    }

    /** A job that was claimed by a claim that began after it had been cancelled; 0 for none, else its number and one. */
    int disobeyed() {
        return disobeyed;
    }

    void disobey(int job) {
        disobeyed = job + 1;
    }

    /** How often the fence was taken hold of after its epoch had been marked as closing. */
    int overtaken() {
        return overtaken;
    }

    void overtake() {
        overtaken++;
    }

    byte[] key() {
        ByteArrayOutputStream key = new ByteArrayOutputStream();
        database.writeKey(key);
        key.writeBytes(at);
        key.writeBytes(about);
        key.writeBytes(runs);
        key.writeBytes(leased);
        key.write(alive);
        key.write(usedLeases);
        key.write(deaths);
        key.write(lostReplies);
        key.write(warned);
        key.write(warned >> 8);
        key.write(warned >> 16);
        key.write(warned >> 24);
        key.write(disobeyed);
        key.write(overtaken);
        return key.toByteArray();
    }
}
