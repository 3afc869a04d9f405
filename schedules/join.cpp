#include "schedules/join.h"

#include "frontend/graph.h"

using namespace Halide::Internal;
using Halide::Expr;
using Halide::Func;

namespace sylvite {

namespace {

// Reads of the Funcs as reads of their Tuple.
class ReadTogether : public IRGraphMutator {
public:
    ReadTogether(Function together, std::map<std::string, int> first) :
        together_(std::move(together)), first_(std::move(first)) {}

private:
    const Function together_;
    const std::map<std::string, int> first_;  // of the Tuple's values, by Func

    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        const Expr read = IRGraphMutator::visit(op);
        const auto found = first_.find(op->name);
        if (op->call_type != Call::Halide || found == first_.end()) {
            return read;
        }
        return Call::make(together_, read.as<Call>()->args, found->second + op->value_index);
    }
};

// What a Function may come to read: copies that `in` and `clone_in` have made take the place of what it reads only later.
std::vector<Function> producers_of(const Function &function) {
    std::vector<Function> producers = reads_of(function).functions;
    for (size_t i = 0; i < producers.size(); i++) {
        for (const auto &[reader, copy] : producers[i].wrappers()) {
            const Function added(copy);
            if (added.name() != function.name()) {
                producers.push_back(added);
            }
        }
    }
    return producers;
}

}  // namespace

Func join(const std::vector<Func> &funcs, const std::vector<Function> &stages, const std::string &name) {
    std::vector<Halide::Var> at;
    for (const std::string &argument : funcs[0].function().args()) {
        at.emplace_back(argument);
    }
    std::vector<Expr> values;
    std::map<std::string, int> first;
    for (const Func &func : funcs) {
        first[func.name()] = static_cast<int>(values.size());
        for (int i = 0; i < func.outputs(); i++) {
            values.push_back(Call::make(func.function(), {at.begin(), at.end()}, i));
        }
    }
    Func together(name);
    together(at) = Halide::Tuple(values);
    std::set<std::string> before;
    for (const Function &producer : functions_of({together.function()}, producers_of)) {
        before.insert(producer.name());
    }
    ReadTogether read_together(together.function(), first);
    for (Function stage : stages) {
        if (!before.count(stage.name())) {
            stage.mutate(&read_together);
        }
    }
    return together;
}

}  // namespace sylvite
