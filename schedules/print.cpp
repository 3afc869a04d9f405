#include "schedules/schedule.h"

#include <sstream>

namespace sylvite {

namespace {

// Comments come from programs too; a line break in one must not become a line of the schedule.
std::string one_line(std::string text) {
    for (char &c : text) {
        c = c == '\n' || c == '\r' ? ' ' : c;
    }
    return text;
}

void print_item(std::ostream &out, const std::string &indent, const std::string &text, const Comments &comments) {
    for (const std::string &line : comments.above) {
        out << indent << (line.empty() ? "#" : "# ") << one_line(line) << "\n";
    }
    out << indent << text;
    if (!comments.beside.empty()) {
        out << "  # " << one_line(comments.beside);
    }
    out << "\n";
}

void print_directives(std::ostream &out, const std::string &indent, const std::vector<Directive> &directives) {
    for (const Directive &directive : directives) {
        std::string text = directive.name;
        for (const std::string &argument : directive.arguments) {
            text += " " + argument;
        }
        print_item(out, indent, text, directive.comments);
        print_directives(out, indent + "  ", directive.inner);
    }
}

}  // namespace

std::string StageSchedule::name() const {
    return update < 0 ? stage : stage + ".update(" + std::to_string(update) + ")";
}

const KernelSchedule *Schedule::find(const std::string &name) const {
    for (const KernelSchedule &kernel : kernels) {
        if (kernel.kernel == name) {
            return &kernel;
        }
    }
    return nullptr;
}

std::string print(const Schedule &schedule) {
    std::ostringstream out;
    print_item(out, "", "sylvite-schedule 1", schedule.comments);
    for (const LoopSchedule &loop : schedule.loops) {
        print_item(out, "", "loop " + loop.loop, loop.comments);
        print_directives(out, "  ", loop.directives);
    }
    for (const KernelSchedule &kernel : schedule.kernels) {
        print_item(out, "", "kernel " + kernel.kernel, kernel.comments);
        for (const StageSchedule &stage : kernel.stages) {
            print_item(out, "  ", "stage " + stage.name(), stage.comments);
            print_directives(out, "    ", stage.directives);
        }
    }
    for (const std::string &line : schedule.comments_at_end) {
        out << (line.empty() ? "#" : "# ") << one_line(line) << "\n";
    }
    return out.str();
}

}  // namespace sylvite
