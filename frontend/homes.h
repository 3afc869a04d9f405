#pragma once

#include "frontend/graph.h"
#include "frontend/program.h"

namespace sylvite {

/// Where the Arrays and loops of a program are computed: each in a loop, its home, or in the program itself, which is null.
///
/// That is the innermost loop whose states or step number it depends on, so that what does not change in a loop is computed
/// before it. But what one arm of a branch alone needs is computed in the arm, where that is chosen: a loop that makes at
/// most one step repeats nothing.
class Homes {
public:
    explicit Homes(const Program &program);

    const LoopNode *of(const std::shared_ptr<const ArrayNode> &array) { return innermost(loops_of(array)); }
    const LoopNode *of(const std::shared_ptr<const LoopNode> &loop) { return innermost(loops_of(loop)); }

    /// Whether the home of `array` is `loop` or lies within it.
    bool is_within(const std::shared_ptr<const ArrayNode> &array, const LoopNode *loop) {
        return are_within(loops_of(array), loop);
    }

private:
    // The loops whose states or step numbers a thing reads, and the arm that it was put into. In a program these always
    // form a chain of nested loops. Those around them are not among them: they are not known while bodies are walked.
    using LoopSet = std::set<const LoopNode *>;

    std::map<const ArrayNode *, const LoopNode *> owner_;  // of states
    std::map<std::string, const LoopNode *> step_owner_;
    std::map<const ArrayNode *, LoopSet> array_loops_;
    std::map<std::string, LoopSet> function_loops_;
    std::map<const LoopNode *, LoopSet> loop_loops_;
    // What is computed further in than what it depends on asks for.
    std::map<const ArrayNode *, const LoopNode *> arm_of_array_;
    std::map<const LoopNode *, const LoopNode *> arm_of_loop_;

    LoopSet loops_of(const Reads &reads);
    const LoopSet &loops_of(const Halide::Internal::Function &function);
    const LoopSet &loops_of(const std::shared_ptr<const ArrayNode> &array);
    const LoopSet &loops_of(const std::shared_ptr<const LoopNode> &loop);
    template<typename T>
    static void add_arm(const std::map<const T *, const LoopNode *> &arms, const T *thing, LoopSet &loops);

    bool are_within(const LoopSet &loops, const LoopNode *loop);
    const LoopNode *innermost(const LoopSet &loops);

    void note_loops(const Program &program);
    void move_into_arms(const Program &program);
};

}  // namespace sylvite
