#pragma once

#include "schedules/schedule.h"

#include <map>

namespace sylvite {

/// What an argument of a directive is.
enum class ArgumentKind {
    Variable,     ///< a loop variable that the stage has
    NewVariable,  ///< a name for a new loop variable, a C identifier
    Stage,        ///< a stage of the kernel: `next`, `total.update(0)`
    LoopOf,       ///< a loop variable of the stage before it
    NewStage,     ///< a name for a new Func, a C identifier
    Lanes,        ///< an integer, 1 to 1024: how often code is copied, or the number of vector lanes
    Factor,       ///< an integer, 1 to 2^24: iterations or elements
    Size,         ///< a formula without spaces: `n`, `n+1`
    Condition,    ///< a formula
    Tail,
    Memory,
    Device,
    Partition,  ///< a word of a fixed list; see words_for()
};

struct ArgumentRow {
    ArgumentKind kind;
    const char *label;  ///< its name in the documentation
    bool many = false;  ///< one or more; the last argument only
};

/// One way to write a directive: its arguments, then those that may be left out.
struct DirectiveForm {
    std::vector<ArgumentRow> arguments;
    std::vector<ArgumentRow> optional = {};
};

class DirectiveCall;

/// One kind of directive.
struct DirectiveRow {
    const char *name;
    bool of_func;  ///< it says where a Func is computed or kept, so it stands under its first definition only
    bool gpu;      ///< needs a GPU target
    std::vector<DirectiveForm> forms;
    void (*apply)(DirectiveCall &call);
    const char *doc;

    /// Whether it names a loop of another stage, as compute_at does.
    bool names_loop_of_reader() const {
        return forms[0].arguments.size() == 2 && forms[0].arguments[1].kind == ArgumentKind::LoopOf;
    }
};

/// THE table of directives. The parser, the printer of the documentation, the applier and the tests read it.
const std::vector<DirectiveRow> &directive_rows();

/// The row of that name, or null.
const DirectiveRow *find_directive(const std::string &name);

/// The words that an argument of kind Tail, Memory, Device or Partition may be.
std::vector<std::string> words_for(ArgumentKind kind);

/// The form that the arguments of a directive have, with a row for each argument given.
struct MatchedForm {
    const DirectiveForm *form;
    std::vector<ArgumentRow> arguments;
};

/// Takes the name of a stage apart: `total` is `total` and -1, `total.update(0)` is `total` and 0. False when what stands
/// after `.update` is not a number in parentheses.
bool read_stage_name(const std::string &name, std::string &func, int &update);

/// Checks a directive without looking at a pipeline: its name, the number and the kinds of its arguments. `file` is for
/// errors: Halide::CompileError.
MatchedForm match_form(const Directive &directive, const std::string &file);

/// Throws when the directive may not stand in that stage: what is said of a whole Func stands under its first definition
/// only and not under `specialize`, and only `specialize` has directives under it.
void check_position(const Directive &directive, const StageSchedule &stage, const std::string &file);

/// Throws when a loop has another directive than `fuse_steps k`, or several.
void check_loop(const LoopSchedule &loop, const std::string &file);

/// The text of a row's forms, as in the documentation: `split x xo xi factor [tail]`.
std::string text_of(const DirectiveRow &row, const DirectiveForm &form);

/// The table as Markdown, for docs/schedules.md.
std::string directives_as_markdown();

/// Throws Halide::CompileError with `file:line:column: ` in front, or `file: ` for what was not read from a file.
[[noreturn]] void schedule_error(const std::string &file, const Place &place, const std::string &message);

}  // namespace sylvite
