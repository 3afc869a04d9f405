#pragma once

#include "frontend/blocks.h"

#include <string>
#include <vector>

namespace sylvite {

/// Where something stands in a text; line 0 is for what was made by a program, not read from a file. Places say where,
/// not what: they do not make two schedules differ.
struct Place {
    int line = 0, column = 0;
};

/// Comments are kept, so that a schedule can be read, changed and written back. Without the `#`.
struct Comments {
    std::vector<std::string> above;  ///< whole lines before the item
    std::string beside;              ///< at the end of the item's line
    bool operator==(const Comments &) const = default;
};

/// One scheduling decision: `split y yo yi 8`. What names and arguments there are stands in schedules/directives.h.
struct Directive {
    std::string name;
    std::vector<std::string> arguments;  ///< as written, one a word; a condition (`n >= 64`) is one argument
    std::vector<Directive> inner = {};   ///< `specialize` only: the directives of the special version
    Comments comments = {};
    Place place = {};
    std::vector<Place> argument_places = {};
    bool operator==(const Directive &o) const {
        return name == o.name && arguments == o.arguments && inner == o.inner && comments == o.comments;
    }
};

/// The directives of one definition of a Func: of `total`, or of `total.update(0)`.
struct StageSchedule {
    std::string stage;  ///< the Func's name, by stage_names() of the kernel, or made by a directive above
    int update = -1;    ///< -1: the first definition; k: `stage.update(k)`
    std::vector<Directive> directives = {};
    Comments comments = {};
    Place place = {};
    bool operator==(const StageSchedule &o) const {
        return stage == o.stage && update == o.update && directives == o.directives && comments == o.comments;
    }
    /// As in the text: `total` or `total.update(0)`.
    std::string name() const;
};

struct KernelSchedule {
    std::string kernel;
    std::vector<StageSchedule> stages = {};
    Comments comments = {};
    Place place = {};
    bool operator==(const KernelSchedule &o) const {
        return kernel == o.kernel && stages == o.stages && comments == o.comments;
    }
};

/// What is said of a loop of the program: `fuse_steps 4`.
struct LoopSchedule {
    std::string loop;
    std::vector<Directive> directives = {};
    Comments comments = {};
    Place place = {};
    bool operator==(const LoopSchedule &o) const {
        return loop == o.loop && directives == o.directives && comments == o.comments;
    }
};

/// How the kernels of a program run; never what they compute. What is not mentioned keeps Halide's default: inlined,
/// or serial loops. The text form is described in docs/schedules.md.
struct Schedule {
    std::vector<KernelSchedule> kernels = {};
    std::vector<LoopSchedule> loops = {};
    Comments comments = {};  ///< of the version line
    std::vector<std::string> comments_at_end = {};
    std::string file = "schedule";  ///< for error messages
    bool operator==(const Schedule &other) const {
        return kernels == other.kernels && loops == other.loops && comments == other.comments &&
               comments_at_end == other.comments_at_end;
    }
    /// The schedule of that kernel, or null.
    const KernelSchedule *find(const std::string &kernel) const;
};

/// Reads the text form. Throws Halide::CompileError `file:line:column: ...` on an unknown version or directive, a
/// wrong number or kind of arguments, a kernel or stage that is there twice. Names of kernels, stages and variables are
/// looked up by check() and apply().
Schedule parse_schedule(const std::string &text, const std::string &file = "schedule");

/// The text form: `parse_schedule(print(s)) == s`, and `print(parse_schedule(t)) == t` for t made by print.
std::string print(const Schedule &schedule);

/// Reads or writes a file. Throws Halide::CompileError when it cannot; a failed write leaves an old file as it was.
Schedule load_schedule(const std::string &path);
void save_schedule(const Schedule &schedule, const std::string &path);

/// The program with the loops of which the schedule says `fuse_steps k` written as loops of fewer, longer steps and of what
/// is left, `<loop>_rest`: that is the program whose kernels the rest of the schedule speaks of. Values are the same. Throws
/// Halide::CompileError with file, line and column for an unknown loop and for one whose steps cannot be fused.
Program with_fused_steps(const Program &program, const Schedule &schedule);

/// Throws Halide::CompileError with file, line, column and the nearest name when the schedule names a loop, kernel or
/// stage that the program does not have.
void check(const Schedule &schedule, const Program &program);
/// The same for kernels; `whose` is `program heat`.
void check(const Schedule &schedule, const std::vector<Kernel> &kernels, const std::string &whose);

/// Puts the schedule of kernel `kernel_name` on its Funcs; nothing happens when the schedule does not mention the
/// kernel. Halide refuses directives that could change values; that refusal, an unknown stage, variable or parameter is
/// thrown as a Halide::CompileError with file, line and column.
void apply(const Schedule &schedule, const std::string &kernel_name, const KernelPipeline &pipeline);

}  // namespace sylvite
