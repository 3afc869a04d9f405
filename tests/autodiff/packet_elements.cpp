#include "packet_elements.h"

namespace sylvite::testing {

using namespace Halide::Internal;
using Halide::Expr;

namespace {

// Takes element `which` of all packets, and notes how many elements they have.
class Choose : public IRGraphMutator {
public:
    explicit Choose(size_t which) : which_(which) {}
    size_t size = 1;

private:
    const size_t which_;
    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        if (op->is_intrinsic(Call::scatter_gather)) {
            size = op->args.size();
            return op->args[which_];
        }
        return IRGraphMutator::visit(op);
    }
};

}  // namespace

std::vector<PacketElement> packet_elements(const std::vector<Expr> &args, const std::vector<Expr> &values) {
    std::vector<PacketElement> elements;
    size_t size = 1;
    for (size_t which = 0; which < size; which++) {
        Choose choose(which);
        PacketElement element;
        for (const Expr &e : args) {
            element.args.push_back(choose.mutate(e));
        }
        for (const Expr &e : values) {
            element.values.push_back(choose.mutate(e));
        }
        size = choose.size;
        elements.push_back(element);
    }
    return elements;
}

}  // namespace sylvite::testing
