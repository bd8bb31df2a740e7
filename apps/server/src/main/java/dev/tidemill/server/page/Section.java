package dev.tidemill.server.page;

/** The rooms of the dashboard, in the order in which the navigation lists them. */
public enum Section {
    OVERVIEW(Group.WORK, "Overview", "/", "M2.5 9.5 8 3l5.5 6.5M4 8.5V13.5h8V8.5"),
    QUEUES(Group.WORK, "Queues", "/queues", "M2.5 4h11M2.5 8h8M2.5 12h5"),
    JOBS(Group.WORK, "Jobs", "/jobs", "M3 3h10v10H3zM5.5 8l2 2 3.5-4"),
    SCHEDULES(Group.WORK, "Schedules", "/schedules", "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M8 5v3l2 1.5"),
    DEAD_LETTERS(Group.WORK, "Dead letters", "/dead-letters", "M2.5 4h11v8h-11zM2.5 4.5 8 9l5.5-4.5"),
    RULES(Group.WORK, "Rules", "/rules", "M2.5 4h5v8h6M10.500 9.500l3 2.500-3 2.500M2.500 12h2"),
    NODES(Group.MACHINE, "Nodes", "/nodes", "M3 3h10v4H3zM3 9h10v4H3zM5 5h.01M5 11h.01"),
    LIMITS(Group.MACHINE, "Limits", "/limits", "M3 12a5.5 5.5 0 1 1 10 0M8 9.5l2.5-3"),
    BREAKERS(Group.MACHINE, "Breakers", "/breakers", "M2 8h3.5M10.5 8H14M5.5 8l4-3.5M10.5 8h.01"),
    ALARMS(Group.MACHINE, "Alarms", "/alarms", "M4 11V7.500a4 4 0 0 1 8 0V11l1 1.500H3zM7 14h2"),
    CACHES(
            Group.MACHINE,
            "Caches",
            "/caches",
            "M2.5 4.500 8 2.500l5.500 2L8 6.500zM2.5 8 8 10l5.500-2M2.5 11.500 8 13.500l5.500-2"),
    ENDPOINTS(Group.MACHINE, "Endpoints", "/endpoints", "M2.5 8h8M7.5 5l3 3-3 3M13.5 3v10"),
    RETENTION(Group.MACHINE, "Retention", "/retention", "M3 4h10v2.5H3zM4 6.5V13h8V6.5M6.5 9h3"),
    DOCTOR(Group.INSIGHT, "Doctor", "/doctor", "M2 8h3l1.5-4 3 8L11 8h3"),
    USERS(
            Group.ACCESS,
            "Users",
            "/users",
            "M8 3a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M3 13.5c.5-3 2.5-4 5-4s4.500 1 5 4"),
    KEYS(
            Group.ACCESS,
            "API keys",
            "/keys",
            "M5.500 7.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5M7.500 8.500 13 3M11 5l2 2"),
    AUDIT(Group.INSIGHT, "Audit", "/audit", "M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2.5");

    /** What rooms belong together. */
    public enum Group {
        WORK("Work"),
        MACHINE("Machine room"),
        INSIGHT("Insight"),
        ACCESS("Access");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        /** The group's heading. */
        public String title() {
            return title;
        }
    }

    private final Group group;
    private final String title;
    private final String path;
    private final String icon;

    Section(Group group, String title, String path, String icon) {
        this.group = group;
        this.title = title;
        this.path = path;
        this.icon = icon;
    }

    /** Its group. */
    public Group group() {
        return group;
    }

    /** Its name in the navigation. */
    public String title() {
        return title;
    }

    /** Where it is. */
    public String path() {
        return path;
    }

    /** The strokes of its icon, on a square of 16. */
    public String icon() {
        return icon;
    }
}
